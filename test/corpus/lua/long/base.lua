-- The base library: select, conversions, load with environments and readers, raw access, protected calls, iteration.
local function plain(message)
  return (tostring(message):match("^[^\n]*"):gsub("[^%s:]+:%d+: ", ""))
end

print(_VERSION, type(_G), _G._G == _G, type(print), type(nil), pcall(type))

-- select and argument lists of every length.
print(select("#"), select("#", nil, nil), select(2, "a", "b", "c"), (select(-1, "a", "b", "c")))
print(plain(select(2, pcall(select, 0, 1))), plain(select(2, pcall(select, -3, 1))))
local function count(...)
  local sum = 0
  for i = 1, select("#", ...) do
    sum = sum + (select(i, ...) or 0)
  end
  return sum, select("#", ...)
end
print(count(), count(1, nil, 3), (count(table.unpack({ 1, 2, 3, 4, 5 }, -2, 7))))

-- tonumber and tostring.
for _, text in ipairs({ "10", " 0x1p4 ", "1e2", "0x", "1e", "", " ", "0x.8", "5.", ".5", "inf", "nan", "1_000", "0b1", "1 2", "-0x10", "- 1", "9223372036854775808", "0xffffffffffffffffff" }) do
  local n = tonumber(text)
  io.write(string.format("%q=%s(%s) ", text, tostring(n), math.type(n) or "none"))
end
print()
for _, pair in ipairs({ { "zz", 36 }, { "-ff", 16 }, { "777", 8 }, { "8", 8 }, { "1e", 10 }, { "  1010  ", 2 }, { "7fffffffffffffff", 16 }, { "ffffffffffffffff", 16 } }) do
  io.write(tostring(tonumber(pair[1], pair[2])), " ")
end
print(plain(select(2, pcall(tonumber, "1", 99))), plain(select(2, pcall(tonumber, 1, 10))))
print(tostring(nil), tostring(true), tostring(-0.0), tostring(1e15), tostring(1e16), tostring(2 ^ 53), tostring(1 / 0), tostring(-1 / 0), tostring(3) .. "|" .. tostring(3.0))
print(tostring(setmetatable({}, { __tostring = function() return "I am a table" end })), plain(select(2, pcall(tostring, setmetatable({}, { __tostring = function() return 1 end })))))
print((tostring(setmetatable({}, { __name = "Named" })):gsub("0x%x+", "ADDRESS")), (tostring({}):gsub("0x%x+", "ADDRESS")), (tostring(print):gsub("0?x?%x+$", "ADDRESS")))

-- Strings act as numbers in arithmetic, numbers as strings in concatenation.
print("10" + 5, "3" * "4", "7" // 2, "7.5" // 2, "2" ^ "3", -"4", "0x10" + 0, 10 .. 20, 1.5 .. "", -"0x1p1", "10" % 3)
print(plain(select(2, pcall(function() return "5" | 1 end))), 3.0 | 4, plain(select(2, pcall(function() return 3.5 | 0 end))), plain(select(2, pcall(function() return "x" + 1 end))), plain(select(2, pcall(function() return {} | 1 end))))

-- load: text, environment, mode, readers, names.
print(load("return ...")(1, 2), load("x = 1; return x", "chunk", "t", {})(), x)
local env = { tostring = tostring }
load("function f(a) return tostring(a) .. '!' end; y = f(7)", "=named", "t", env)()
print(env.y, env.f(false), rawget(_G, "y"))
local pieces = { "return ", "1 ", "+ ", "41", nil }
local at = 0
print(load(function()
  at = at + 1
  return pieces[at]
end)())
print(load("return", "=c")(), load("=", "=c"), load("return 1", "=c", "b"), plain(select(2, load(function() error("reader failed", 0) end))), plain(select(2, load(function() return {} end))))
local dumped = string.dump(load("local a, b = ... ; return function() a = a + b; return a end"), true)
local step = load(dumped, "binary", "b")(10, 5)
print(step(), step(), step(), load(dumped, "binary", "t"))
local total = 0
for i = 1, 8000 do
  total = total + load("local v = ... ; return v * " .. i .. " + #'" .. ("x"):rep(i % 17) .. "'", "=generated")(i % 10)
end
print("generated", total)

-- Raw access goes past metatables.
local guarded = setmetatable({ 1, 2 }, { __index = function(_, k) return "made " .. tostring(k) end, __newindex = function() error("no", 0) end, __len = function() return 99 end, __eq = function() return true end })
print(guarded.k, rawget(guarded, "k"), #guarded, rawlen(guarded), rawlen("four"), pcall(function() guarded.z = 1 end))
rawset(guarded, "z", "set")
print(guarded.z, guarded == setmetatable({}, getmetatable(guarded)), rawequal(guarded, {}), rawequal("a", "a"))
print(plain(select(2, pcall(rawset, {}, nil, 1))), plain(select(2, pcall(rawset, {}, 0 / 0, 1))), plain(select(2, pcall(rawlen, 5))))

-- Iteration.
local seen = {}
for i, v in ipairs(setmetatable({}, { __index = function(_, i) if i <= 4 then return i * i end end })) do
  seen[#seen + 1] = i .. ":" .. v
end
print(table.concat(seen, " "))
local keys = {}
for k in pairs({ a = 1, b = 2, [1] = 3, [2.5] = 4, [true] = 5 }) do
  keys[#keys + 1] = tostring(k)
end
table.sort(keys)
print(table.concat(keys, " "), next({}), next({ 7 }), plain(select(2, pcall(next, {}, "missing"))))
local t = {}
for i = 1, 60000 do
  t["k" .. i] = i
end
local removed, left = 0, 0
for k, v in pairs(t) do
  if v % 3 ~= 0 then
    t[k] = nil
    removed = removed + 1
  end
end
for _, v in pairs(t) do
  left = left + v
end
print(removed, left)

-- assert, error, pcall, xpcall and what they hand on.
print(assert(1, "unused", 3), pcall(assert, false), pcall(assert, nil, "told"), pcall(assert, false, { 1 }) == false)
print(plain(select(2, pcall(assert))), pcall(error), pcall(error, nil, 2), select("#", pcall(error)))
print(xpcall(function(a, b) return a + b end, print, 3, 4), xpcall(function() error({ code = 5 }) end, function(e) return e.code * 2 end))
print(select("#", pcall(function() return nil, nil, nil end)), pcall(pcall), pcall(pcall, error, "inner"))
for level = 0, 2 do
  local function thrower() error("level " .. level, level) end
  local function caller() thrower() end
  local ok, message = pcall(caller)
  print(ok, (message:gsub("^[^:]+:", "FILE:"):gsub(":%d+:", ":LINE:")))
end
print(type(collectgarbage("count")), collectgarbage("step") ~= nil, collectgarbage("isrunning"), plain(select(2, pcall(collectgarbage, "unknown"))))
warn("@off")
warn("never ", "seen")
