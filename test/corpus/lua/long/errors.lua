-- Errors in earnest: every pcall is a setjmp, every error a longjmp, through all kinds of frames, by the ten thousand.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- Thirty thousand errors of every type of value.
local sums = { number = 0, string = 0, table = 0, boolean = 0, ["nil"] = 0, ["function"] = 0 }
local values = { 1, "text", {}, true, false, print }
for i = 1, 30000 do
  local value = values[i % 7 + 1]
  local ok, caught = pcall(error, value, 0)
  assert(not ok and rawequal(caught, value))
  sums[type(caught)] = sums[type(caught)] + 1
end
print(sums.number, sums.string, sums.table, sums.boolean, sums["nil"], sums["function"])

-- Nested protected calls, thrown from depth, caught at any level, thrown again.
local trail = 0
local function nest(level, target)
  if level == 0 then error({ target = target, passed = 0 }) end
  local ok, e = pcall(nest, level - 1, target)
  trail = trail + 1
  if level == target then return e end
  e.passed = e.passed + 1
  error(e, 0)
end
local passed = 0
for i = 1, 2500 do
  local level = i % 12 + 1
  passed = passed + nest(level, i % level + 1 > level and level or i % level + 1 == 0 and 1 or level).passed
end
for i = 1, 1500 do
  local ok, e = pcall(nest, i % 10 + 1, 99)
  passed = passed + e.passed
end
print(trail, passed)

-- Errors that pass C functions: sort, gsub, tostring, load, next, metamethods, coroutines, to-be-closed variables.
local thrower = setmetatable({}, {
  __index = function() error("in index", 0) end, __newindex = function() error("in newindex", 0) end, __add = function() error("in add", 0) end,
  __concat = function() error("in concat", 0) end, __len = function() error("in len", 0) end, __eq = function() error("in eq", 0) end,
  __lt = function() error("in lt", 0) end, __call = function() error("in call", 0) end, __tostring = function() error("in tostring", 0) end, __unm = function() error("in unm", 0) end,
  __pairs = function() error("in pairs", 0) end, __close = function() error("in close", 0) end,
})
local ways = {
  function() return thrower.x end, function() thrower.x = 1 end, function() return thrower + 1 end, function() return "a" .. thrower end,
  function() return #thrower end, function() return thrower == setmetatable({}, getmetatable(thrower)) end, function() return thrower < 1 end, function() thrower() end,
  function() return tostring(thrower) end, function() return -thrower end, function() for _ in pairs(thrower) do end end, function() local c <close> = thrower end,
  function() table.sort({ 3, 1, 2 }, function() error("in sort", 0) end) end, function() return ("x"):gsub("x", function() error("in gsub", 0) end) end,
  function() return select(2, load(function() error("in load", 0) end)):match("^[^\n]*") end, function() coroutine.wrap(function() error("in wrap", 0) end)() end,
  function() table.concat({ 1, {}, 2 }) end, function() return ("%d"):format("x") end, function() string.rep("x", 1 << 40) end, function() setmetatable(1, 1) end,
  function() return math.floor({}) end, function() return nil .. "x" end, function() local t = nil; t.x.y = 1 end, function() return 1 < "x" end, function() return {} < {} end,
  function() return 1 & 1.5 end, function() return #nil end, function() return -{} end, function() undefined_function() end, function() return ("x").y() end, function() error() end,
}
local counts = {}
for round = 1, 450 do
  for i, way in ipairs(ways) do
    local ok, e = pcall(way)
    counts[i] = (counts[i] or 0) + 1
    if round == 1 then io.write(i, ":", tostring(ok), " ", plain(e), "; ") end
  end
end
print()
print(#counts, counts[1], counts[#ways])

-- Names in messages: locals, upvalues, globals, fields, methods, constants.
local upvalue
local messages = {
  function() local loc = nil; loc() end, function() upvalue() end, function() missing_global() end, function() string.missing() end, function() ("x"):missing() end,
  function() local t = { a = {} }; t.a.b.c = 1 end, function() return upvalue.x end, function() return missing_global.x end, function() local a = "x"; return a + 1 end,
  function() return {} .. "x" end, function() return 2 ^ {} end, function() local a, b = 1, {}; return a < b end, function() for i = 1, "x" do end end, function() for _ in 5 do end end,
  function() return math.huge // 1 | 0 end, function() local t = setmetatable({}, { __index = 5 }); return t.x end,
}
for _, f in ipairs(messages) do io.write(plain(select(2, pcall(f))), "; ") end
print()

-- xpcall: handlers see the stack of the error; they may fail; arguments go through.
local function level_of_error()
  local n = 0
  while debug.getinfo(n + 1, "l") do n = n + 1 end
  return n
end
local function deep(n) if n == 0 then error("bottom", 0) end deep(n - 1) return n end
local _, shallow = xpcall(deep, level_of_error, 1)
local _, deeper = xpcall(deep, level_of_error, 31)
print(deeper - shallow, xpcall(function(...) return select("#", ...), ... end, print, nil, 2, nil), xpcall(error, function(e) return e * 2 end, 21), plain(select(2, pcall(xpcall))), pcall(xpcall, error))
print(xpcall(error, function(e) error(e .. "+", 0) end, "e") == false, plain(select(2, pcall(xpcall, error, 5))))

-- Errors with tables as classes, wrapped causes, finally by closing.
local Failure = {}
Failure.__index = Failure
Failure.__tostring = function(self) return self.message .. (self.cause and " <- " .. tostring(self.cause) or "") end
local function fail(message, cause) error(setmetatable({ message = message, cause = cause }, Failure)) end
local opened, closed = 0, 0
local function resource() opened = opened + 1; return setmetatable({}, { __close = function() closed = closed + 1 end }) end
local function layer(n)
  local held <close> = resource()
  if n == 0 then fail("disk") end
  local ok, e = pcall(layer, n - 1)
  if not ok then fail("layer " .. n, e) end
end
local _, failure = pcall(layer, 4)
print(tostring(failure), getmetatable(failure) == Failure, opened, closed)
for i = 1, 1200 do pcall(layer, i % 5) end
print(opened, closed)

-- Retry until it works; an error in the middle of building leaves the parts consistent; coroutines that die.
local attempts, state = 0, {}
local function unreliable() attempts = attempts + 1; state[#state + 1] = attempts; if attempts % 7 ~= 0 then error("try " .. attempts, 0) end; return attempts end
local done = 0
while done < 300 do
  local ok, v = pcall(unreliable)
  if ok then done = done + 1 end
end
print(attempts, #state)
local dead = 0
for i = 1, 3000 do
  local co = coroutine.create(function(x) local y = coroutine.yield(x); error(y, 0) end)
  coroutine.resume(co, i)
  local ok, e = coroutine.resume(co, i)
  if not ok and e == i and coroutine.status(co) == "dead" then dead = dead + 1 end
end
print(dead)
-- An error while an error's object is finalised, and memory that is not to be had.
setmetatable({}, { __gc = function() error("ignored unless warnings are on") end })
collectgarbage()
local null <close> = io.open("/dev/null")
print(plain(select(2, pcall(null.read, null, 1 << 60))), plain(select(2, pcall(function() return table.concat(setmetatable({}, { __len = function() return 1 << 40 end })) end))))
