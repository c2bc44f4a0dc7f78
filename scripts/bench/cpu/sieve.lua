local n = tonumber(arg[1] or 4000000)
local marks = {}
for i = 1, n do marks[i] = true end
marks[1] = false
local i = 2
while i * i < n do
  if marks[i] then for j = i * i, n - 1, i do marks[j] = false end end
  i = i + 1
end
local count, total = 0, 0
for k = 2, n - 1 do if marks[k] then count = count + 1; total = total + k end end
print(string.format("%d %.0f", count, total))
