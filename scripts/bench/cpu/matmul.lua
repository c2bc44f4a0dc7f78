local n = tonumber(arg[1] or 200)
local function matrix(seed)
  local rows = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do seed = seed * 16807 % 2147483647; row[j] = seed % 1000 / 8.0 end
    rows[i] = row
  end
  return rows
end
local a, b = matrix(1), matrix(2)
local columns = {}
for j = 1, n do
  local column = {}
  for i = 1, n do column[i] = b[i][j] end
  columns[j] = column
end
local c, sum = {}, 0.0
for i = 1, n do
  local row, line, part = a[i], {}, 0.0
  for j = 1, n do
    local column, total = columns[j], 0.0
    for k = 1, n do total = total + row[k] * column[k] end
    line[j] = total
    part = part + total
  end
  c[i] = line
  sum = sum + part
end
print(string.format("%.6f %.6f", sum, c[math.floor(n / 2) + 1][math.floor(n / 3) + 1]))
