-- Every metamethod: arithmetic, comparison, indexing, calls, concatenation, lengths, closing and collection.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local Term = {}
Term.__index = Term
local function term(text) return setmetatable({ text = text }, Term) end
local function text(v) return type(v) == "table" and v.text or tostring(v) end
local binary = {
  __add = "+", __sub = "-", __mul = "*", __div = "/", __mod = "%", __pow = "^", __idiv = "//",
  __band = "&", __bor = "|", __bxor = "~", __shl = "<<", __shr = ">>", __concat = "..",
}
for event, sign in pairs(binary) do
  Term[event] = function(a, b) return term("(" .. text(a) .. sign .. text(b) .. ")") end
end
Term.__unm = function(a) return term("-" .. a.text) end
Term.__bnot = function(a) return term("~" .. a.text) end
Term.__len = function(a) return #a.text end
Term.__tostring = function(a) return "<" .. a.text .. ">" end
Term.__name = "Term"
local x, y = term("x"), term("y")
print(x + y, x - 1, 2 * y, x / y, x % 3, x ^ y ^ 2, 7 // y, x & 1, 1 | x, x ~ y, x << 2, 1 >> y)
print(x .. y, x .. "s", "s" .. x, 1 .. x .. 2, -x, ~y, #x, -(x + ~y) // 2, #(x .. "longer"))

-- Comparisons, with counts of what was asked.
local asked = { eq = 0, lt = 0, le = 0 }
local Version = {
  __eq = function(a, b) asked.eq = asked.eq + 1; return a[1] == b[1] and a[2] == b[2] end,
  __lt = function(a, b) asked.lt = asked.lt + 1; return a[1] < b[1] or a[1] == b[1] and a[2] < b[2] end,
  __le = function(a, b) asked.le = asked.le + 1; return not (b < a) and "truthy" end,
}
local function version(major, minor) return setmetatable({ major, minor }, Version) end
local one, other, two = version(1, 4), version(1, 4), version(2, 0)
print(one == other, one == one, one ~= two, one < two, one > two, one <= other, one >= two, one == 1, rawequal(one, other))
print(asked.eq, asked.lt, asked.le)
local list = {}
for i = 1, 400 do list[i] = version(i * 37 % 11, i * 53 % 17) end
table.sort(list, function(a, b) return a < b end)
print(list[1][1], list[1][2], list[200][1], list[200][2], list[400][1], list[400][2], asked.lt > 400)

-- Chains of __index and __newindex through tables and functions.
local log = {}
local base = setmetatable({ kind = "base" }, { __index = function(_, k) log[#log + 1] = "miss " .. tostring(k); return k == "made" and "made up" or nil end })
local middle = setmetatable({ level = 2 }, { __index = base, __newindex = base })
local top = setmetatable({}, { __index = middle, __newindex = middle })
print(top.level, top.kind, top.made, top.absent, table.concat(log, ","))
top.level, top.fresh = 3, "stored in base"
print(rawget(top, "fresh"), rawget(middle, "fresh"), rawget(base, "fresh"), middle.level)
local written = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v * 2) end })
for i = 1, 5 do written[i] = i end
written[1] = 100
print(table.concat(written, " "))
local loop = {}
setmetatable(loop, { __index = loop })
print(clean(select(2, pcall(function() return loop.x end))))
local readonly = setmetatable({}, { __newindex = function(_, k) error("read only: " .. k, 0) end, __metatable = "locked" })
print(pcall(function() readonly.x = 1 end), getmetatable(readonly), clean(select(2, pcall(setmetatable, readonly, {}))))

-- Calls, also through a chain of callables, and pairs over a proxy.
local adder = setmetatable({ by = 5 }, { __call = function(self, a, ...) return self.by + a, select("#", ...) end })
local twice = setmetatable({}, { __call = adder })
print(adder(1), adder(1, nil, nil))
print(clean(select(2, pcall(twice, 1))))
print((pcall(setmetatable({}, { __call = 1 }))), select(2, pcall(adder, 10)))
local proxy = setmetatable({}, { __pairs = function(t) return function(_, k) k = (k or 0) + 1; if k <= 3 then return k, k * k end end, t, nil end })
for k, v in pairs(proxy) do io.write(k, "=", v, " ") end
print(#setmetatable({}, { __len = function() return 42 end }), select("#", table.unpack(setmetatable({}, { __len = function() return 4 end, __index = function(_, i) return i end }))))

-- __close runs in reverse, with the error; __gc runs in reverse of marking.
local function closing(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
do local a <close>, b <const> = closing("a"), 5; local c <close> = closing("c"); local d <close> = nil; print("body", b) end
print(pcall(function() local a <close> = closing("failing"); error("thrown", 0) end))
for i = 1, 3 do local each <close> = closing(i); if i == 2 then break end end
print(clean(select(2, pcall(function() local bad <close> = {}; end))))
for i = 1, 4 do setmetatable({}, { __gc = function() print("collected", i) end }) end
collectgarbage(); collectgarbage()
local weak = setmetatable({ {}, "kept", {}, 7 }, { __mode = "v" })
local ephemeron = setmetatable({}, { __mode = "k" })
for _ = 1, 20 do local key = {}; ephemeron[key] = { key } end
ephemeron[weak] = true
collectgarbage()
local left = 0
for _ in pairs(ephemeron) do left = left + 1 end
print(weak[1], weak[2], weak[3], weak[4], left)

-- Vectors of numbers in a loop: metamethods as the hot path.
local Vector = {}
Vector.__index = function(v, k) return k == "sum" and v[1] + v[2] or nil end
Vector.__add = function(a, b) return setmetatable({ a[1] + b[1], a[2] + b[2] }, Vector) end
Vector.__mul = function(a, s) return setmetatable({ a[1] * s, a[2] * s }, Vector) end
Vector.__idiv = function(a, s) return setmetatable({ a[1] // s, a[2] // s }, Vector) end
Vector.__eq = function(a, b) return a[1] == b[1] and a[2] == b[2] end
local v, equal = setmetatable({ 1, 2 }, Vector), 0
for i = 1, 16000 do
  v = (v * 3 + setmetatable({ i, -i }, Vector)) // 2
  if v.sum > 1 << 40 then v = setmetatable({ i, 1 }, Vector) end
  if v == setmetatable({ v[1], v[2] }, Vector) then equal = equal + 1 end
end
print(v[1], v[2], v.sum, equal)
