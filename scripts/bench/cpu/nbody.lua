local function Body(x, y, z, vx, vy, vz, mass) return { x = x, y = y, z = z, vx = vx, vy = vy, vz = vz, mass = mass } end
local function step(bodies, dt)
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * d2 ^ 0.5)
      a.vx = a.vx - dx * b.mass * mag; a.vy = a.vy - dy * b.mass * mag; a.vz = a.vz - dz * b.mass * mag
      b.vx = b.vx + dx * a.mass * mag; b.vy = b.vy + dy * a.mass * mag; b.vz = b.vz + dz * a.mass * mag
    end
  end
  for _, b in ipairs(bodies) do b.x = b.x + dt * b.vx; b.y = b.y + dt * b.vy; b.z = b.z + dt * b.vz end
end
local function energy(bodies)
  local e = 0.0
  for i, a in ipairs(bodies) do
    e = e + 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      e = e - a.mass * b.mass / (dx * dx + dy * dy + dz * dz) ^ 0.5
    end
  end
  return e
end
local bodies = { Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 40.0), Body(5.0, -1.0, -0.1, 0.6, 2.8, -0.02, 0.04), Body(8.0, 4.0, -0.4, -1.0, 1.8, 0.008, 0.01),
  Body(13.0, -15.0, -0.2, 1.1, 0.9, -0.01, 0.002), Body(15.0, -26.0, 0.2, 1.0, 0.6, -0.03, 0.002) }
for _ = 1, tonumber(arg[1] or 120000) do step(bodies, 0.01) end
print(string.format("%.6f", energy(bodies)))
