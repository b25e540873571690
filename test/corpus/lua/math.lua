-- The math library; random numbers from a fixed seed only.
local m = math
print(m.floor(3.7), m.floor(-3.7), m.ceil(3.2), m.ceil(-3.2), m.abs(-5), m.abs(m.mininteger), m.fmod(7, 3), m.fmod(-7, 3), m.fmod(7.5, 2))
print(m.max(1, 5, 3), m.min(4, 2.5, 8), m.sqrt(16), m.huge, -m.huge, m.pi)
print(m.tointeger(3.0), m.tointeger(3.5), m.tointeger("8"), m.type(1), m.type(1.0), m.ult(1, -1), m.maxinteger, m.mininteger)
print(m.modf(3.7), m.modf(-3.7), m.modf(5))
print(("%.10f %.10f %.10f"):format(m.sin(1), m.cos(1), m.tan(1)))
print(("%.10f %.10f %.10f %.10f"):format(m.asin(0.5), m.acos(0.5), m.atan(1), m.atan(1, -1)))
print(("%.10f %.10f %.10f %.10f"):format(m.exp(1), m.log(10), m.log(8, 2), m.log(1000, 10)))
print(m.deg(m.pi), m.rad(180))
m.randomseed(42)
local first = { m.random(100), m.random(100), m.random(5, 10), m.random(0) }
m.randomseed(42)
print(first[1] == m.random(100), first[2] == m.random(100), table.concat(first, " "))
print(pcall(m.random, 2, 1), pcall(m.floor, "x"), pcall(m.tointeger))
print(3 | 0, pcall(function() return 3.5 | 0 end), pcall(function() return 1 // 0 end), 1 // 0.0, 1 % math.huge, -1 % math.huge)
print(0x7fffffffffffffff, 0xffffffffffffffff, 1e308 * 10, 5 // 0.3, 2^0.5 == m.sqrt(2))
local inside = 0
for i = 1, 40000 do local x, y = m.random(), m.random(); if x * x + y * y < 1 then inside = inside + 1 end end
print(inside)
-- The sieve, collatz, gcd.
local sieve, count = {}, 0
for i = 2, 20000 do if not sieve[i] then count = count + 1; for j = i * i, 20000, i do sieve[j] = true end end end
local best, length = 0, 0
for i = 1, 3000 do local n, l = i, 0; while n ~= 1 do n = n % 2 == 0 and n // 2 or 3 * n + 1; l = l + 1 end; if l > length then best, length = i, l end end
local function gcd(a, b) if b == 0 then return a end; return gcd(b, a % b) end
print(count, best, length, gcd(1071, 462))
