-- 50 nested calls inside one coroutine.
local n = tonumber(arg[1] or 200000)
local function nest(depth)
  if depth > 0 then return nest(depth - 1) + 1 end
  local total = 0
  for i = 0, n - 1 do coroutine.yield(); total = total + i % 4 end
  return total
end
local co = coroutine.wrap(function() return nest(50) end)
local r
repeat r = co() until r
print(string.format("%d", r))
