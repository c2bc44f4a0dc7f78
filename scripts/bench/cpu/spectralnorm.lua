local floor = math.floor
local function a(i, j) return 1.0 / (floor((i + j) * (i + j + 1) / 2) + i + 1) end
local function times(v, n, transposed)
  local result = {}
  for i = 0, n - 1 do
    local total = 0.0
    for j = 0, n - 1 do total = total + (transposed and a(j, i) or a(i, j)) * v[j] end
    result[i] = total
  end
  return result
end
local n = tonumber(arg[1] or 240)
local u, v = {}, nil
for i = 0, n - 1 do u[i] = 1.0 end
for _ = 1, 10 do
  v = times(times(u, n, false), n, true)
  u = times(times(v, n, false), n, true)
end
local top, bottom = 0.0, 0.0
for i = 0, n - 1 do top = top + u[i] * v[i]; bottom = bottom + v[i] * v[i] end
print(string.format("%.9f", (top / bottom) ^ 0.5))
