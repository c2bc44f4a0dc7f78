-- 100 coroutines resumed in turn.
local n = tonumber(arg[1] or 300000)
local acc = 0
local queue = {}
for i = 0, 99 do
  queue[i + 1] = coroutine.create(function()
    for _ = 1, math.floor(n / 100) do acc = (acc * 31 + i) % 1000003; coroutine.yield() end
  end)
end
while #queue > 0 do
  local next_queue = {}
  for _, co in ipairs(queue) do
    coroutine.resume(co)
    if coroutine.status(co) ~= "dead" then next_queue[#next_queue + 1] = co end
  end
  queue = next_queue
end
print(string.format("%d", acc))
