-- Numbers and math: integers that wrap, floats, division, shifts, conversions, every math function, the seeded generator.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end
local function round(x) return ("%.10g"):format(x) end
local big, small = math.maxinteger, math.mininteger

-- Wrapping and exactness.
print(big + 1 == small, small - 1 == big, -small == small, big * 2, small * -1, small // -1, small % -1, big + 1.0, big + 0.0 == 2 ^ 63)
print(1e308 * 10, -1e308 * 10, 2 ^ 53 + 1, (1 << 53) + 1, 0.1 + 0.2 == 0.3, 3 == 3.0, math.type(3), math.type(3.0), math.type("3"), 1 < 1.5, big < big + 1.0, big + 0.0 > big, small <= -2 ^ 63)

-- Division and modulo: signs, zeros, infinities.
for _, pair in ipairs({ { 7, 2 }, { -7, 2 }, { 7, -2 }, { -7, -2 }, { 7.5, 2 }, { -7.5, 2 }, { 7, -2.5 }, { 1, math.huge }, { -1, math.huge }, { 0.0, -5 } }) do
  local a, b = pair[1], pair[2]
  io.write(a, "/", b, ":", round(a / b), " ", a // b, " ", a % b, " ", tostring(math.fmod(a, b)), "; ")
end
print()
print(plain(select(2, pcall(function() return 1 // 0 end))), plain(select(2, pcall(function() return 1 % 0 end))), 1 // 0.0, -1 // 0.0, 1 / 0, (tostring(1 % 0.0):gsub("-", "")), plain(select(2, pcall(math.fmod, 1, 0))), math.fmod(small, -1), math.fmod(-6, 4), math.fmod(6.5, -4))

-- Bits.
print(0xff & 0x0f, 0xf0 | 0x0f, 0xff ~ 0x0f, ~0, 1 << 63, 1 << 64, 1 << -1, -1 >> 1, -1 >> 63, -1 >> 64, -1 >> -1, 2.0 << 1, ~0 >> 60)
print(plain(select(2, pcall(function() return 1.5 & 1 end))), plain(select(2, pcall(function() return 2 ^ 63 | 0 end))), plain(select(2, pcall(function() return 1 << {} end))))
local function popcount(n)
  local count = 0
  while n ~= 0 do
    n = n & (n - 1)
    count = count + 1
  end
  return count
end
print(popcount(0), popcount(-1), popcount(0x123456789abcdef), popcount(small))

-- Conversions.
print(math.tointeger(3.0), math.tointeger(3.5), math.tointeger("8"), math.tointeger(2 ^ 63), math.tointeger({}), math.ult(1, -1), math.ult(-1, 1), math.abs(small), math.abs(-0.0), math.abs(-5))
print(math.floor(3.7), math.floor(-3.7), math.ceil(3.2), math.ceil(-3.2), math.floor(2 ^ 70), math.ceil(-1e300), math.floor(5), math.modf(3.7), math.modf(-3.7), math.modf(1 / 0), math.modf(5))
print(9007199254740993, 0x7fffffffffffffff, 0xffffffffffffffff, 0x10000000000000000, 9223372036854775807, 9223372036854775808, -9223372036854775808, 1e1, 0x.1p4, 0xA.8p0, 3e-2, 100 // 1e-1)
print(math.max(1, 2.5, -1), math.min(3, 1, 2), math.max(1), plain(select(2, pcall(math.max))), math.max(0 / 0, 1) ~= math.max(0 / 0, 1), math.pi, math.huge, -math.huge)

-- The functions, to ten digits.
for _, name in ipairs({ "sin", "cos", "tan", "asin", "acos", "atan", "exp", "log", "sqrt", "deg", "rad" }) do
  io.write(name, " ")
  for _, x in ipairs({ 0, 0.5, 1, -0.25 }) do
    local y = math[name](x)
    io.write(y ~= y and "nan" or round(y), " ")
  end
end
print()
print(round(math.atan(1, -1)), round(math.atan(-1, -1)), round(math.atan(0, -1)), math.log(8, 2), math.log(1000, 10), round(math.log(5, 3)), math.log(0), math.sqrt(16), 2 ^ 10, 2 ^ 0.5 == math.sqrt(2), 2 ^ -1, (-8) ^ 2)

-- The generator with a fixed seed gives one sequence; ranges hold.
math.randomseed(42)
local first = {}
for i = 1, 8 do first[i] = math.random(1000) end
print(table.concat(first, " "), math.random(0), round(math.random()), math.random(5, 5), math.random(small, big))
math.randomseed(42, 0)
local same = true
for i = 1, 8 do same = same and first[i] == math.random(1000) end
math.randomseed(7, 11)
local buckets, lowest, highest = {}, 1, 0
for i = 1, 120000 do
  local x = math.random()
  local b = math.random(10)
  buckets[b] = (buckets[b] or 0) + 1
  lowest, highest = math.min(lowest, x), math.max(highest, x)
end
print(same, lowest >= 0, highest < 1, table.concat(buckets, " "), plain(select(2, pcall(math.random, 2, 1))), plain(select(2, pcall(math.random, 1, 2, 3))), plain(select(2, pcall(math.random, 0.5))))

-- Greatest common divisor, modular powers, primes, square roots of integers.
local function gcd(a, b) while b ~= 0 do a, b = b, a % b end return a end
local function power(base, exponent, modulus)
  local result = 1
  base = base % modulus
  while exponent > 0 do
    if exponent & 1 == 1 then result = result * base % modulus end
    base = base * base % modulus
    exponent = exponent >> 1
  end
  return result
end
local function prime(n)
  if n < 2 then return false end
  for _, p in ipairs({ 2, 3, 5, 7, 11, 13 }) do
    if n % p == 0 then return n == p end
  end
  local d, r = n - 1, 0
  while d % 2 == 0 do d, r = d // 2, r + 1 end
  for _, a in ipairs({ 2, 3, 5, 7 }) do
    local x = power(a, d, n)
    if x ~= 1 and x ~= n - 1 then
      local composite = true
      for _ = 2, r do
        x = x * x % n
        if x == n - 1 then composite = false; break end
      end
      if composite then return false end
    end
  end
  return true
end
local primes, gcds = 0, 0
for n = 1, 12000 do
  if prime(n) then primes = primes + 1 end
  gcds = gcds + gcd(n, 5040)
end
print("primes", primes, gcds, prime(2147483647), prime(2147483649), power(3, 1000000, 1000007))
local function isqrt(n)
  local x = math.floor(math.sqrt(n))
  while x * x > n do x = x - 1 end
  while (x + 1) * (x + 1) <= n do x = x + 1 end
  return x
end
print(isqrt(99), isqrt(100), isqrt((1 << 62) - 1), isqrt(1 << 62))

-- Numbers of a hundred digits by hand.
local function multiply(digits, factor)
  local carry = 0
  for i = 1, #digits do
    local value = digits[i] * factor + carry
    digits[i], carry = value % 10000, value // 10000
  end
  while carry > 0 do digits[#digits + 1], carry = carry % 10000, carry // 10000 end
end
local digits = { 1 }
for i = 2, 200 do multiply(digits, i) end
local text = { tostring(digits[#digits]) }
for i = #digits - 1, 1, -1 do text[#text + 1] = ("%04d"):format(digits[i]) end
text = table.concat(text)
print(#text, text:sub(1, 20), text:match("0+$"):len())
-- Integration and roots in floats.
local sum, steps = 0.0, 120000
for i = 0, steps - 1 do
  local x = (i + 0.5) / steps
  sum = sum + 4 / (1 + x * x)
end
local low, high = 0.0, 2.0
for _ = 1, 60 do
  local middle = (low + high) / 2
  if middle * middle * middle < 2 then low = middle else high = middle end
end
print(("%.8f %.12f"):format(sum / steps, low))
