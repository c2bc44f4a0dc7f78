local n = tonumber(arg[1] or 2000000)
local wrap, yield = coroutine.wrap, coroutine.yield
local function numbers(k) return wrap(function() for i = 0, k - 1 do yield(i) end end) end
local function squares(s) return wrap(function() for i in s do yield(i * i % 1009) end end) end
local function odd(s) return wrap(function() for i in s do if i % 2 == 1 then yield(i) end end end) end
local function tree(d, v)
  return wrap(function()
    if d > 0 then
      for x in tree(d - 1, 2 * v) do yield(x) end
      yield(v)
      for x in tree(d - 1, 2 * v + 1) do yield(x) end
    end
  end)
end
local total = 0
for i in odd(squares(numbers(n))) do total = total + i end
local depth = 1
while 2 ^ depth < math.floor(n / 16) do depth = depth + 1 end
local check = 0
for v in tree(depth, 1) do check = (check * 3 + v) % 1000003 end
local last = 0
for i in numbers(math.floor(n / 4)) do last = last + i % 4 end
print(string.format("%d %d %d", total, check, last))
