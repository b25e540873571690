-- Metatables: each metamethod, chains of __index, __call and __newindex, comparison of mixed kinds, closing, proxies.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

local log = {}
local function flush(title)
  print(title, table.concat(log, " "))
  log = {}
end

-- Every event records itself and what it was given.
local events = {}
local function kind(v)
  return type(v) == "table" and v.name or tostring(v)
end
for _, name in ipairs({ "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat" }) do
  events["__" .. name] = function(a, b)
    log[#log + 1] = name .. "(" .. kind(a) .. "," .. kind(b) .. ")"
    return name
  end
end
events.__len = function(a) return #a.name end
events.__call = function(self, ...) return self.name, select("#", ...), ... end
events.__tostring = function(self) return "<" .. self.name .. ">" end
local one, two = setmetatable({ name = "one" }, events), setmetatable({ name = "three" }, events)
local results = { one + two, one - 1, 2 * two, one / two, 7 % one, one ^ 2, -one, one // two, one & 1, 1 | two, one ~ two, one << 1, 1 >> one, ~two, one .. "s", "s" .. two, 1 .. one, one .. two }
print(#results, table.concat(results, ","))
flush("events")
print(#one, #two, tostring(one), one(), (two(1, nil, 3)))

-- Comparison: __eq only for two tables, __lt and __le for any mix, results become booleans.
local order = {}
order.__eq = function(a, b) log[#log + 1] = "eq"; return a.v == b.v end
order.__lt = function(a, b) log[#log + 1] = "lt"; return (type(a) == "table" and a.v or a) < (type(b) == "table" and b.v or b) end
order.__le = function(a, b) log[#log + 1] = "le"; return (type(a) == "table" and a.v or a) <= (type(b) == "table" and b.v or b) end
local function box(v) return setmetatable({ v = v }, order) end
local a, b, c = box(1), box(2), box(1)
print(a == c, a ~= c, a == b, a == 1, a < b, a > b, a <= c, a >= b, a < 5, 0 < a, 3 <= a, a >= 1)
flush("order")
print(plain(select(2, pcall(function() return a < "x" end))), plain(select(2, pcall(function() return {} < {} end))), plain(select(2, pcall(function() return {} < 1 end))))
local boxes = {}
for i = 1, 2000 do boxes[i] = box((i * 7919) % 1997) end
table.sort(boxes)
local sorted = true
for i = 2, #boxes do sorted = sorted and boxes[i - 1].v <= boxes[i].v end
print("sorted", sorted, #log > 300)
log = {}

-- __index and __newindex: tables, functions, chains of a hundred.
local chain = { bottom = "reached" }
for i = 1, 100 do
  chain = setmetatable({ ["level" .. i] = i }, { __index = chain })
end
print(chain.bottom, chain.level1, chain.level100, chain.level101, rawget(chain, "bottom"))
local sum = 0
for i = 1, 30000 do sum = sum + chain["level" .. (i % 100 + 1)] + #chain.bottom end
print("chained", sum)
local store = {}
local front = setmetatable({}, { __newindex = setmetatable({}, { __newindex = function(_, k, v) store[k] = v end }) })
front.x, front.y = 1, 2
print(rawget(front, "x"), store.x, store.y)
local defaults = setmetatable({}, { __index = function(t, k) local v = k * k; rawset(t, k, v); return v end })
print(defaults[4], defaults[12], rawget(defaults, 12), rawget(defaults, 5))
local loop = {}
setmetatable(loop, { __index = loop })
print(pcall(function() return loop.any end), plain(select(2, pcall(setmetatable, 1, {}))), plain(select(2, pcall(setmetatable, {}, 1))))

-- __call in a chain: a callable whose __call is a callable.
local inner = setmetatable({}, { __call = function(self, target, x) return "inner", target ~= self, x end })
local outer = setmetatable({}, { __call = inner })
print(outer(5))
print(plain(select(2, pcall(setmetatable({}, { __call = 5 })))), plain(select(2, pcall(function() local t = {}; t.field() end))), plain(select(2, pcall(function() local t = {}; t:method() end))))

-- __metatable, __name, __pairs.
local locked = setmetatable({}, { __metatable = "locked" })
print(getmetatable(locked), plain(select(2, pcall(setmetatable, locked, nil))), getmetatable("").__index == string)
local ranged = setmetatable({}, { __pairs = function(self) return function(_, k) k = (k or 0) + 1; if k <= 5 then return k, k * 10 end end, self, nil end })
for k, v in pairs(ranged) do log[#log + 1] = k .. "=" .. v end
flush("pairs")

-- Strings have a metatable too: indexing, arithmetic by its events.
local s = "text"
print(s:upper(), ("%d"):format(3), s.len == string.len, #s, plain(select(2, pcall(function() return s.x.y end))), plain(select(2, pcall(function() return s + 1 end))))

-- To-be-closed variables: order, errors, break, return, goto, coroutines.
local function closer(name)
  return setmetatable({}, { __close = function(_, e) log[#log + 1] = name .. (e and ("!" .. plain(e)) or "") end })
end
local function work(how)
  local first <close> = closer("first")
  for i = 1, 3 do
    local second <close> = closer("second" .. i)
    if i == 2 then
      if how == "break" then break elseif how == "return" then return "returned" elseif how == "error" then error("thrown") end
    end
  end
  local third <close> = closer("third")
  return "end"
end
for _, how in ipairs({ "break", "return", "error", "none" }) do
  local ok, value = pcall(work, how)
  flush(how .. " " .. tostring(ok) .. " " .. plain(value))
end
local co = coroutine.create(function()
  local held <close> = closer("held")
  coroutine.yield("paused")
end)
print(coroutine.resume(co))
print(coroutine.close(co), coroutine.status(co))
flush("closed")
print(plain(select(2, pcall(function() local bad <close> = 5 end))), pcall(function() local fine <close> = nil; local also <close> = false; return "fine" end))
print(pcall(function()
  local x <close> = setmetatable({}, { __close = function(_, e) error("second after " .. plain(e), 0) end })
  error("first", 0)
end))

-- A proxy that counts, used hard.
local reads, writes, backing = 0, 0, {}
local counted = setmetatable({}, {
  __index = function(_, k) reads = reads + 1; return backing[k] end,
  __newindex = function(_, k, v) writes = writes + 1; backing[k] = v end,
  __len = function() return #backing end,
})
for i = 1, 60000 do counted[i] = i end
for i = 2, 60000 do counted[i] = counted[i] + (counted[i - 1] & 0xffff) end
print(reads, writes, #counted, counted[60000])

-- Finalisers of objects made while others are finalised.
local order_of_death = {}
for i = 1, 5 do
  setmetatable({}, { __gc = function() order_of_death[#order_of_death + 1] = i end })
end
collectgarbage()
print(table.concat(order_of_death, " "))
