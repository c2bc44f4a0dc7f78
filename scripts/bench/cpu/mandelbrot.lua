local n = tonumber(arg[1] or 500)
local total = 0
for py = 0, n - 1 do
  local ci = 2.0 * py / n - 1.0
  for px = 0, n - 1 do
    local cr = 2.0 * px / n - 1.5
    local zr, zi, steps = 0.0, 0.0, 0
    while steps < 50 do
      local r2, i2 = zr * zr, zi * zi
      if r2 + i2 > 4.0 then break end
      zi = 2.0 * zr * zi + ci
      zr = r2 - i2 + cr
      steps = steps + 1
    end
    total = total + steps
  end
end
print(string.format("%d", total))
