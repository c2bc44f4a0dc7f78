local function build(d)
  if d == 0 then return {} end
  return { left = build(d - 1), right = build(d - 1) }
end
local function count(t)
  if t.left == nil then return 1 end
  return 1 + count(t.left) + count(t.right)
end
local n = tonumber(arg[1] or 17)
local kept = build(n)
local total = 0
for depth = 4, n, 4 do
  for _ = 1, 2 ^ (n - depth) do total = total + count(build(depth)) end
end
print(string.format("%d %d", total, count(kept)))
