-- Basic functions over every kind of value: errors, varargs, chunks, conversions, integer and bitwise arithmetic.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local function try(f, ...)
  local result = table.pack(pcall(f, ...))
  if not result[1] then return "{" .. clean(result[2]) .. "}" end
  for i = 2, result.n do result[i] = tostring(result[i]) end
  return table.concat(result, " ", 2, result.n)
end

-- Error values of every type come back as they were thrown.
local thrown = { [1] = 12, [2] = 1.5, [3] = true, [4] = "text", [5] = { code = 4 }, [6] = print, [7] = coroutine.create(print) }
for i = 1, 8 do
  local ok, value = pcall(error, thrown[i], 0)
  print(i, ok, type(value), rawequal(value, thrown[i]))
end
print(try(error), try(assert, nil), try(assert, false, "given"), try(assert, 1, 2, 3))
print(select("#", pcall(assert, false, { 1 })), select(2, pcall(error, "same", 0)))

-- select counts from both ends.
print(select("#"), select("#", nil, nil), select(3, "a", "b", "c", "d"))
print(select(-1, "a", "b", "c"), select(-3, "a", "b", "c"))
print(try(select, 0), try(select, -4, 1, 2, 3))

-- load: from text, from a function, in modes, with environments.
local box = { tostring = tostring }
print(load("x = 10; y = tostring(x) .. '!'; return x, y", "=boxed", "t", box)(), box.x, box.y, rawget(_G, "y"))
local pieces, at = { "local a, b = ...", " return a ", "* b", nil }, 0
print(load(function() at = at + 1; return pieces[at] end, "=pieces")(6, 7))
local binary = string.dump(load("local n = ...; return n * n + (n // 3)", "=dumped"), true)
print(load(binary, "dumped", "b")(13), try(load, binary, "dumped", "t"))
local broken = { "return 1 +", "x = }", "return 'abc", "goto no", "return return", "break", "local x <const> = 1; x = 2", "x = 1e", "::a:: ::a::", "('x'" }
for i, source in ipairs(broken) do print(i, select(2, load(source, "=broken"))) end

-- tonumber and tostring.
for _, text in ipairs({ "10", "0x10", "1e2", " 7 ", "7 7", "", "0x", "1e", "0x.8p1", "-0", "- 1", "9223372036854775808", "nan" }) do
  io.write("[", text, "]=", tostring(tonumber(text)), " ")
end
print()
print(tonumber("ff", 16), tonumber("-zZ", 36), tonumber("777", 8), tonumber("8", 8), tonumber("1.5", 10), try(tonumber, "1", 99))
print(1e15, 1e16, 2^53, 2^63, -0.0, 1/0, -1/0, 3.0, 3, 1e100, 0.1, 123456789012345)
print(tostring(nil), tostring(true), tostring("s"), tostring(setmetatable({}, { __tostring = function() return "mine" end })))
print(tostring(setmetatable({}, { __name = "Named" })):match("^Named: ") ~= nil, try(tostring, setmetatable({}, { __tostring = function() return 1 end })))

-- Division, remainders, overflow, shifts.
for _, pair in ipairs({ { 7, 3 }, { -7, 3 }, { 7, -3 }, { -7, -3 }, { 7.5, 2 }, { -7.5, 2 }, { math.mininteger, -1 }, { 5, math.huge }, { -5, math.huge } }) do
  local a, b = pair[1], pair[2]
  print(a, b, a // b, a % b, a / b, (a // b) * b + a % b == a)
end
print(try(function() return 1 // 0 end), try(function() return 1 % 0 end), 1 // 0.0, -1 // 0.0, 0.0 / 0.0 ~= 0.0 / 0.0)
print(math.maxinteger + 1 == math.mininteger, math.mininteger - 1, math.maxinteger * 3, -math.mininteger, 1 << 63)
print(1 << 64, 1 << -1, 1 >> -4, -1 >> 1, -1 >> 63, ~5, 0xF0 | 0x0F, 0xFF & 0x3C, 0xFF ~ 0x0F, 3.0 | 4, try(function() return "6" & 3 end))
print(try(function() return 1.5 | 1 end), try(function() return "a" | 1 end), try(function() return {} & 1 end), try(function() return 2^64 | 0 end))

-- Coercions between strings and numbers; comparisons never coerce.
print("10" + 1, "0x10" + 0, "3.0" + 1, 10 .. "", 1.0 .. "|" .. -0.0, "2" ^ "3", "7" // "2", -"4", "1e1" * 1)
print(1 == 1.0, "1" == 1, 1 < 1.5, "a" < "b", "Z" < "a", "" < "a", "a\0b" < "a\0c", math.maxinteger < 2^63, math.maxinteger + 0.0 == 2^63)
print(try(function() return 1 < "2" end), try(function() return {} < {} end), try(function() return nil .. "x" end), try(function() return "x" + 1 end))
print(rawequal("a" .. "b", "ab"), rawlen({ 1, 2 }), rawlen("four"), rawget(rawset({}, 1, "set"), 1), try(rawset, {}, nil, 1), try(rawlen, 5))
print(next({}), next({ 5 }), type(next), try(type), try(ipairs), try(setmetatable, 1, {}), getmetatable("").__index == string, _VERSION)

-- The same over many values, for a sum that nothing but the right arithmetic gives.
local sum, text = 0, 0
for i = 1, 15000 do
  local ok, e = pcall(error, i)
  sum = (sum * 31 + (ok and 0 or e)) ~ (i << (i % 60))
  sum = sum + (i % 7 == 0 and tonumber(tostring(i) .. "0") or tonumber(("%x"):format(i), 16)) // 3
  text = text + #tostring(i / 8) + select("#", table.unpack({ i, i, i }, 1, i % 4))
end
print(sum, text)
