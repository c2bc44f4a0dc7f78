local Shape = { sides = 0 }
Shape.__index = Shape
function Shape.move(self, n) self.moves = self.moves + n; return self end
function Shape.weight(self) return self.size * self.sides end
function Shape.area(self) return self.size * self.size end
local Square = setmetatable({ sides = 4 }, Shape)
Square.__index = Square
local Triangle = setmetatable({ sides = 3 }, Shape)
Triangle.__index = Triangle
function Triangle.weight(self) return Shape.weight(self) + 1 end
local function new(class, size) return setmetatable({ size = size, moves = 0 }, class) end
local n = tonumber(arg[1] or 300000)
local shapes = { new(Square, 2), new(Triangle, 3), new(Square, 5), new(Triangle, 7) }
local total = 0
for i = 0, n - 1 do
  for k = 1, 4 do
    local s = shapes[k]
    s:move(1):move(i % 2)
    total = total + s:weight() + s:area()
  end
end
local first = shapes[1]
local method = function(k) return first:move(k) end
for _ = 1, n do method(1) end
local sum = 0
for _, s in ipairs(shapes) do sum = sum + s.moves end
print(string.format("%.0f %.0f", total, sum))
