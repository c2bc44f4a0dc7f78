local function place(n, row, cols, up, down)
  if row == n then return 1 end
  local found = 0
  for c = 0, n - 1 do
    if cols[c] and up[row + c] and down[row - c + n] then
      cols[c], up[row + c], down[row - c + n] = false, false, false
      found = found + place(n, row + 1, cols, up, down)
      cols[c], up[row + c], down[row - c + n] = true, true, true
    end
  end
  return found
end
local n = tonumber(arg[1] or 12)
local function yes(k) local t = {} for i = 0, k do t[i] = true end return t end
print(string.format("%d", place(n, 0, yes(n), yes(2 * n), yes(2 * n + 1))))
