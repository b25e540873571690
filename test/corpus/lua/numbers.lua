-- The math library: every function, integers and floats with their borders, random numbers from fixed seeds.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local function fails(f, ...) local ok, e = pcall(f, ...); return "{" .. (ok and "no error" or clean(e)) .. "}" end
local function show(label, ...)
  local cells = table.pack(...)
  for i = 1, cells.n do
    local v = cells[i]
    cells[i] = v ~= v and "nan" or math.type(v) == "float" and ("%.12g"):format(v) .. (v == math.floor(v) and v - v == 0 and ".0" or "") or tostring(v)
  end
  print(label, table.concat(cells, " ", 1, cells.n))
end
local huge, max, min = math.huge, math.maxinteger, math.mininteger
local samples = { 0, 1, -1, 3, -7, 0.0, 0.5, -0.5, 1.5, -2.5, 1e10, -1e15, max, min, huge, -huge }

-- Rounding and types.
for _, name in ipairs({ "floor", "ceil", "abs", "tointeger", "type" }) do
  local results = { n = #samples }
  for i, x in ipairs(samples) do results[i] = math[name](x) end
  show(name, table.unpack(results, 1, #samples))
end
for i, x in ipairs({ 3.7, -3.7, 5, -5.0, huge, -0.25 }) do show("modf " .. i, math.modf(x)) end
for _, pair in ipairs({ { 7, 3 }, { -7, 3 }, { 7, -3 }, { 7.5, 2 }, { -7.5, 2 }, { 1, huge }, { min, -1 }, { 5, 0.0 } }) do
  show("fmod", pair[1], pair[2], math.fmod(pair[1], pair[2]), pair[1] % pair[2])
end
print(math.max(1, 2.5, -1), math.max(5), math.min(3, 1, 2.0), math.min(2, 2.0), math.max(-0.0, 0), math.max(1, huge), math.min(min, -huge))
print(math.ult(1, 2), math.ult(-1, 2), math.ult(2, -1), math.ult(min, max), math.ult(5, 5))
print(math.tointeger("8"), math.tointeger("x"), math.tointeger(2^53), math.tointeger(2^63), math.tointeger(-2^63), math.type("1"), math.pi, max, min)

-- Transcendental functions.
for _, name in ipairs({ "sin", "cos", "tan", "asin", "acos", "atan", "exp", "sqrt", "log", "deg", "rad" }) do
  show(name, math[name](0), math[name](0.25), math[name](0.5), math[name](1))
end
show("atan", math.atan(1, 1), math.atan(-1, -1), math.atan(0, -1), math.atan(-0.0, -1), math.atan(1, 0), math.atan(5))
show("log", math.log(8, 2), math.log(1000, 10), math.log(81, 3), math.log(0), math.log(-1), math.log(10))
show("power", 2^10, 2^-1, 2^0.5, (-8)^(1 / 3), 0^0, huge^0, (-2)^3, 10^308 * 10, -2^2)
show("sqrt", math.sqrt(2), math.sqrt(-1), math.sqrt(huge), math.sqrt(1e-300))

-- Conversions at the borders.
print(max + 0.0 == 2^63, max + 1.0, min + 0.0 == -2^63, max // 1 | 0, 2^53 == 2^53 + 1, (1 << 53) == (1 << 53) + 1, 9007199254740993 + 0.0 == 9007199254740992)
print(max < 2^63, max <= 2^63, max > 2^63 - 1024, min < -2^63, min <= -2^63, min == -2^63, 1 < huge, max < huge, min > -huge)
print(fails(function() return 2^63 | 0 end), fails(function() return huge // 1 | 0 end), fails(function() return ({})[0 / 0 ~= 0 / 0 and 1] or 1 << 0.5 end), 3.0 == 3, ({ [3] = "int" })[3.0], ({ [2^53] = "float" })[1 << 53])
print(fails(function() local t = {}; t[0 / 0] = 1 end), 7 // 0.0, -7 // 0.0, 7 % huge, -7 % huge, -7 % -huge, 5.5 // 1, -5.5 // 1, 1e308 + 1e308, -0.0 == 0.0, 1 / -0.0)
print(tostring(1e15), 1e14, 123456.789e3, 2^24, 1e-7, 0x7fffffffffffffff, 0xffffffffffffffff, 0x1p-2, 0xA.8, 1e308 * 10, 3 | 0, 100 // 1e0)
for i = 1, 3 do io.write(i, ":") for x = 1, 2, 0.25 * i do io.write(x, " ") end end
for i = max - 2, max do io.write(i - max, " ") end
for i = min, min + 2, 2 do io.write(i - min, " ") end
for i = 3, 1 do io.write("never") end
for i = 1, huge do if i > 3 then break end io.write(i, ";") end
print(fails(function() for i = 1, 10, 0 do end end), fails(function() for i = "a", 2 do end end), fails(function() for i = 1, {} do end end))

-- Random numbers: the same sequence from the same seed; ranges hold; all of the range is met.
math.randomseed(42)
local first = {}
for i = 1, 8 do first[i] = math.random(1000) end
print(table.concat(first, " "), math.random(0) ~= math.random(0), ("%.6f"):format(math.random()))
math.randomseed(42)
local same = true
for i = 1, 8 do same = same and first[i] == math.random(1000) end
math.randomseed(7, 9)
print(same, math.random(5, 5), math.random(-3, 3), math.random(min, max), math.random(1 << 40), fails(math.random, 2, 1), fails(math.random, 1, 2, 3), fails(math.random, 0.5))
local counts, lowest, highest = {}, 1, 0
for i = 1, 30000 do
  local n, f = math.random(-4, 5), math.random()
  counts[n + 5] = (counts[n + 5] or 0) + 1
  lowest, highest = math.min(lowest, f), math.max(highest, f)
end
print(table.concat(counts, " "), lowest >= 0 and lowest < 0.01, highest < 1 and highest > 0.99)

-- What is refused, then a loop over everything.
print(fails(math.floor, "x"), fails(math.floor, {}), fails(math.max), fails(math.fmod, 1, 0), fails(math.abs), fails(math.type), fails(math.ult, 1.5, 2), math.floor("3.7"), math.abs("-2"))
local sum = 0
for i = 1, 15000 do
  local x = math.sin(i) * 1000
  local whole, part = math.modf(x)
  sum = (sum * 31 + math.floor(x) + math.ceil(part * 8) + math.tointeger(whole) + (i // 3 ~ i % 7) + math.abs(-i)) % 1000000007
  if math.fmod(i, 7) == 3 then sum = sum + math.floor(math.sqrt(i) + math.exp(i % 5)) end
end
print(sum)
