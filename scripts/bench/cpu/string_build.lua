local n = tonumber(arg[1] or 600000)
local pieces = {}
for i = 0, n - 1 do pieces[#pieces + 1] = string.char(97 + i % 26) end
local text = table.concat(pieces)
local parts = {}
for i = 0, n - 1 do
  local at = i % 20 + 1
  parts[#parts + 1] = string.format("%03d:%s", i % 1000, text:sub(at, at))
end
local joined = table.concat(parts, ",")
local swapped = joined:gsub("a", "bb"):upper()
local check = 0
for i = 1, #swapped, 97 do check = (check * 31 + swapped:byte(i)) % 1000003 end
print(string.format("%d %d %d %d", #text, #joined, #swapped, check))
