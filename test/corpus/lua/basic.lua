-- Basic functions: errors as values, select, load, conversions, integers that wrap.
local function show(...) print(select('#', ...), ...) end
show(select(2, pcall(error, { code = 7 })).code)
show(select(2, pcall(error, "plain", 0)))
show(select(2, pcall(error)))
local object = setmetatable({}, { __tostring = function() return "an object" end })
print(tostring(select(2, pcall(error, object))))
show(select(-2, 1, 2, 3, 4))
show(tonumber("0x1p4"), tonumber("  12  "), tonumber("12a"), tonumber("zz", 36), tonumber("8", 8))
show(math.type(3), math.type(3.0), math.type("3"))
show(7 // 2, -7 // 2, 7 // -2, 7 % -3, -7 % 3, 7.5 // 2, 2 ^ 10, 7 / 2)
show(1 << 62, 1 << 63, 1 << 64, ~0, 5 & 3, 5 | 3, 5 ~ 3, -1 >> 60)
show(math.maxinteger + 1 == math.mininteger, math.maxinteger * 2)
show("10" + 5, "3" * "4", 10 .. 20, #"abc", -"2")
show(1 == 1.0, "1" == 1, 0.1 + 0.2 == 0.3, 1 < 1.5)
local env = { print = print, x = 5 }
local chunk = load("x = x + 1; return x, ...", "chunk", "t", env)
show(chunk("given"))
show(env.x, load("syntax error here", "=bad"))
local parts, i = { "return ", "1", " + 41" }, 0
show(load(function() i = i + 1; return parts[i] end)())
show(rawequal(env, env), rawlen({ 1, 2, 3 }), rawget(env, "x"), next({}), type(next))
show(pcall(function() local t = nil; return t.field end))
show(xpcall(function() error("inner") end, function(m) return "handled: " .. m:gsub("^.-:%d+: ", "") end))
for _, f in ipairs { assert, tostring } do show(pcall(f)) end
show(pcall(assert, false, "asserted"), pcall(assert, nil))
local sum = 0
for n = 1, 300000 do sum = (sum * 31 + n) & 0xffffffff end
print(sum)
