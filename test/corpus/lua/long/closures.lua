-- Closures, upvalues shared and fresh, goto, varargs, tail calls, multiple assignment, numeric loops at their limits.
-- The message that compiling wrong source text gives.
local function wrong(source)
  return select(2, load(source, "=c"))
end
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- Each loop turn has its own variable; closures in one turn share it.
local getters, setters = {}, {}
for i = 1, 5 do
  local cell = i * 10
  getters[i] = function() return cell, i end
  setters[i] = function(v) cell = v; i = i + 100 end
end
setters[2]("changed")
setters[2]("twice")
for i = 1, 5 do io.write(table.concat({ tostring((getters[i]())), select(2, getters[i]()) }, "/"), " ") end
print()
local function counter()
  local n = 0
  return function() n = n + 1; return n end, function() return n end, function() n = 0 end
end
local up, look, reset = counter()
local up2, look2 = counter()
for _ = 1, 10 do up() end
up2()
print(look(), look2())
reset()
print(up(), look(), look2())

-- Upvalues that outlive a while loop, a coroutine, and an error.
local kept = {}
local w = 0
while w < 3 do
  local captured = w
  kept[#kept + 1] = function() captured = captured + 1; return captured end
  w = w + 1
end
print(kept[1](), kept[1](), kept[2](), kept[3]())
local escaped
pcall(function()
  local secret = "kept through an error"
  escaped = function() return secret end
  error("gone")
end)
print(escaped())
local fromCoroutine = coroutine.wrap(function()
  local inside = 1
  coroutine.yield(function() inside = inside * 2; return inside end)
  inside = 100
  coroutine.yield()
end)
local double = fromCoroutine()
print(double(), double(), fromCoroutine(), double())

-- Currying, composition, memoising, fixed points.
local function compose(...)
  local fs = { ... }
  return function(...)
    local packed = table.pack(...)
    for i = #fs, 1, -1 do packed = table.pack(fs[i](table.unpack(packed, 1, packed.n))) end
    return table.unpack(packed, 1, packed.n)
  end
end
local function curry(f, n)
  local function gather(left, args)
    return function(x)
      local all = table.move(args, 1, #args, 1, {})
      all[#all + 1] = x
      if left == 1 then return f(table.unpack(all)) end
      return gather(left - 1, all)
    end
  end
  return gather(n, {})
end
print(compose(function(a) return a + 1 end, function(a, b) return a * b end)(6, 7), curry(function(a, b, c) return a .. b .. c end, 3)("x")("y")("z"))
local function Y(f)
  return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end)
end
print(Y(function(self) return function(n) if n < 2 then return n end return self(n - 1) + self(n - 2) end end)(21))
local memo = {}
local function ways(n, coins, k)
  k = k or #coins
  if n == 0 then return 1 end
  if n < 0 or k == 0 then return 0 end
  local key = n * 16 + k
  if not memo[key] then memo[key] = ways(n - coins[k], coins, k) + ways(n, coins, k - 1) end
  return memo[key]
end
print("ways", ways(1000, { 1, 2, 5, 10, 20, 50, 100, 200 }))

-- goto: continue, nested break, retry, state machine, leaving a closure's scope again and again.
local found
for i = 1, 30 do
  for j = 1, 30 do
    if (i * j) % 7 ~= 3 then goto continue end
    if i * j > 500 then found = i .. "*" .. j; goto out end
    ::continue::
  end
end
::out::
print("found", found)
do
  local n, steps = 27, 0
  ::top::
  if n ~= 1 then
    if n % 2 == 0 then n = n // 2 else n = 3 * n + 1 end
    steps = steps + 1
    goto top
  end
  print("collatz", steps)
end
local fresh = {}
do
  local k = 1
  ::again::
  local x = k
  fresh[k] = function() x = x + 1; return x end
  k = k + 1
  if k <= 3 then goto again end
end
print(fresh[1](), fresh[1](), fresh[2](), fresh[3]())
print(wrong("goto nowhere"), wrong("do ::a:: end goto a"), wrong("::a:: ::a::"), wrong("goto f; local x; ::f:: print(x)"), wrong("break"))

-- Varargs: hundreds of values, nil in the middle, adjusting, through pcall and metamethods.
local function pass(...) return ... end
local many = {}
for i = 1, 250 do many[i] = i end
print(select("#", pass(table.unpack(many))), (select(200, pass(table.unpack(many)))), pcall(pass, nil, nil, 3))
print((pass(1, 2, 3)), pass(), ({ pass(1, 2), pass(3, 4) })[3], #{ pass(1, 2), (pass(3, 4)) })
local function vararg_main(first, ...)
  local a, b, c = ...
  local packed = table.pack(...)
  return first, a, b, c, packed.n
end
print(vararg_main(1), vararg_main(1, 2, 3, 4, nil))
local accumulated = 0
local function spread(n, ...) if n > 0 then return spread(n - 1, n, ...) end; for i = 1, select("#", ...) do accumulated = accumulated + (select(i, ...)) end end
for _ = 1, 60 do spread(100) end
print(accumulated)

-- Tail calls: a million of them need no stack.
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(300000), odd(300001))

-- Multiple assignment evaluates before it stores.
local p, q, r = 1, 2
p, q, r = q, p, r or "was nil"
local list, index = { 10, 20, 30 }, 1
index, list[index] = index + 1, "stored"
print(p, q, r, index, list[1], list[2])

-- Numeric loops: limits, steps, floats, overflow.
local function loop(a, b, c)
  local n, last = 0
  for i = a, b, c do n, last = n + 1, i; if n > 20 then break end end
  return n .. ":" .. tostring(last)
end
print(loop(1, 3, 1), loop(3, 1, 1), loop(3, 1, -1), loop(1, 2, 0.25), loop(math.maxinteger - 2, math.maxinteger, 1), loop(math.mininteger, math.mininteger + 1, 1), loop(1, math.huge, 1), loop(1, -math.huge, -1), loop(1, 3.7, 1), loop(0.1, 0.5, 0.1))
print(plain(select(2, pcall(loop, 1, 2, 0))), plain(select(2, pcall(loop, "a", 2, 1))), plain(select(2, pcall(loop, 1, {}, 1))))
-- Local constants fold, and can't be assigned.
local LIMIT <const> = 12
print(LIMIT * 2, wrong("local x <const> = 1; x = 2"), wrong("local x <odd> = 1"))
