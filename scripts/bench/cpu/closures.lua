local n = tonumber(arg[1] or 3000000)
local function make(start)
  local value = start
  return function(k) value = (value + k) % 1000003; return value end, function() return value end
end
local function compose(f, g) return function(x) return f(g(x)) end end
local adders, getters = {}, {}
for i = 0, 9 do adders[i + 1], getters[i + 1] = make(i) end
for i = 0, math.floor(n / 10) - 1 do
  for k = 1, 10 do adders[k](i) end
end
local double_add = compose(function(x) return x * 2 % 1000003 end, compose(adders[1], function(x) return x + 1 end))
local total = 0
for i = 0, math.floor(n / 10) - 1 do total = (total + double_add(i)) % 1000003 end
local sum = 0
for _, get in ipairs(getters) do sum = sum + get() end
print(string.format("%d %d", total, sum))
