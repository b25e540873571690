-- Every metamethod, inheritance, closing and finalisers.
local V = {}
V.__index = V
local function vec(x, y) return setmetatable({ x = x, y = y }, V) end
local function pair(name, f) V["__" .. name] = f end
pair("add", function(a, b) return vec(a.x + b.x, a.y + b.y) end)
pair("sub", function(a, b) return vec(a.x - b.x, a.y - b.y) end)
pair("mul", function(a, b) return type(a) == "number" and vec(a * b.x, a * b.y) or a.x * b.x + a.y * b.y end)
pair("div", function(a, b) return vec(a.x / b, a.y / b) end)
pair("idiv", function(a, b) return vec(a.x // b, a.y // b) end)
pair("mod", function(a, b) return vec(a.x % b, a.y % b) end)
pair("pow", function(a, b) return vec(a.x ^ b, a.y ^ b) end)
pair("unm", function(a) return vec(-a.x, -a.y) end)
pair("band", function(a, b) return "band" end)
pair("bor", function(a, b) return "bor" end)
pair("bxor", function(a, b) return "bxor" end)
pair("shl", function(a, b) return "shl" end)
pair("shr", function(a, b) return "shr" end)
pair("bnot", function(a) return "bnot" end)
pair("concat", function(a, b) return tostring(a) .. "~" .. tostring(b) end)
pair("len", function(a) return 2 end)
pair("eq", function(a, b) return a.x == b.x and a.y == b.y end)
pair("lt", function(a, b) return a.x < b.x end)
pair("le", function(a, b) return a.x <= b.x end)
pair("call", function(self, k) return self[k] end)
pair("tostring", function(a) return "(" .. a.x .. "," .. a.y .. ")" end)
local a, b = vec(6, 8), vec(1, 2)
print(a + b, a - b, 2 * a, a * b, a / 2, a // 4, a % 4, b ^ 2, -a)
print(a & b, a | b, a ~ b, a << 1, a >> 1, ~a, a .. b, a .. "s", 1 .. a)
print(#a, a == vec(6, 8), a ~= b, a < b, a <= b, a > b, a >= b, a("x"))
local log = {}
local proxy = setmetatable({}, {
  __index = function(t, k) log[#log + 1] = "get " .. k; return k .. "!" end,
  __newindex = function(t, k, v) log[#log + 1] = "set " .. k; rawset(t, k, v) end,
  __pairs = function(t) local n = 0; return function() n = n + 1; if n < 4 then return n, n * n end end end,
  __name = "Proxy", __metatable = "locked",
})
print(proxy.one, proxy.two); proxy.one = 1; print(proxy.one, getmetatable(proxy))
for k, v in pairs(proxy) do log[#log + 1] = k .. "=" .. v end
print(table.concat(log, ";"), pcall(setmetatable, proxy, {}))
local A = { hello = function() return "A" end }; A.__index = A
local B = setmetatable({ __index = nil }, A); B.__index = B
local C = setmetatable({}, B)
print(C.hello(), rawget(C, "hello"))
do
  local function closer(name) return setmetatable({}, { __close = function(_, e) print("close", name, e and e:gsub("^.-:%d+: ", "")) end }) end
  local ok, e = pcall(function()
    local x <close> = closer("x")
    local y <close> = closer("y")
    local z <const> = 5
    error("stop")
  end)
  print(ok, (e:gsub("^.-:%d+: ", "")))
  for i, v in (function() return next, { 10 }, nil, closer("loop") end)() do print(i, v) end
end
local died = 0
for i = 1, 100 do setmetatable({}, { __gc = function() died = died + 1 end }) end
collectgarbage(); collectgarbage()
print(died)
local weak = setmetatable({}, { __mode = "k" })
weak[{}] = 1; collectgarbage(); print(next(weak))
