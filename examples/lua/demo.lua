-- A few seconds of Lua whose phases call back and forth between Lua and C: each such call enters the interpreter's
-- loop anew, and so reaches the newest version of it. The output is the same however the interpreter is compiled.

local function checksum(sum, value)
  return (sum * 31 + value) % 2147483647
end

-- A generator of its own, so that the numbers are the same everywhere.
local function generator(seed)
  return function(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % limit
  end
end

local function protectedCalls(count)
  local sum = 0
  local function risky(n)
    if n % 7 == 0 then
      error({ code = n })
    end
    return n * 2
  end
  for i = 1, count do
    local ok, result = pcall(risky, i)
    sum = checksum(sum, ok and result or result.code)
  end
  return sum
end

local function sorting(count)
  local random = generator(42)
  local list = {}
  for i = 1, count do
    list[i] = { key = random(100000), index = i }
  end
  table.sort(list, function(a, b)
    if a.key ~= b.key then
      return a.key < b.key
    end
    return a.index < b.index
  end)
  local sum = 0
  for i = 1, count, 7 do
    sum = checksum(sum, list[i].key)
  end
  return sum
end

local function coroutines(count)
  local function walk(tree)
    if tree then
      walk(tree.left)
      coroutine.yield(tree.value)
      walk(tree.right)
    end
  end
  local function build(low, high)
    if low > high then
      return nil
    end
    local middle = (low + high) // 2
    return { left = build(low, middle - 1), value = middle * middle % 1009, right = build(middle + 1, high) }
  end
  local sum = 0
  local tree = build(1, count)
  for value in
    coroutine.wrap(function()
      walk(tree)
    end)
  do
    sum = checksum(sum, value)
  end
  return sum
end

local function substitutions(count)
  local words = {}
  for i = 1, 200 do
    words[i] = "word" .. i * 37 % 101
  end
  local text = table.concat(words, " ")
  local sum = 0
  for round = 1, count do
    local replaced = text:gsub("%a+(%d+)", function(digits)
      return string.format("<%d>", (tonumber(digits) + round) % 101)
    end)
    sum = checksum(sum, #replaced)
  end
  return sum
end

local function metamethods(count)
  local vector = {}
  vector.__index = vector
  local function new(x, y)
    return setmetatable({ x = x, y = y }, vector)
  end
  vector.__add = function(a, b)
    return new((a.x + b.x) % 10007, (a.y + b.y) % 10007)
  end
  vector.__eq = function(a, b)
    return a.x == b.x and a.y == b.y
  end
  vector.__call = function(self, scale)
    return new(self.x * scale % 10007, self.y * scale % 10007)
  end
  local position, step, repeats = new(0, 0), new(3, 5), 0
  for i = 1, count do
    position = position + step(i % 17)
    if position == step then
      repeats = repeats + 1
    end
  end
  return checksum(position.x, position.y + repeats)
end

local function closures(count)
  local function compose(f, g)
    return function(x)
      return f(g(x))
    end
  end
  local function adder(n)
    return function(x)
      return (x + n) % 65521
    end
  end
  local sum = 0
  for i = 1, count do
    local f = compose(compose(adder(i), adder(3)), adder(7))
    sum = checksum(sum, select("#", pcall(f, i)) + f(i))
  end
  return sum
end

local phases = {
  { "protected calls", protectedCalls, 200000 },
  { "sorting", sorting, 30000 },
  { "coroutines", coroutines, 60000 },
  { "substitutions", substitutions, 400 },
  { "metamethods", metamethods, 200000 },
  { "closures", closures, 80000 },
}

local rounds = tonumber(arg and arg[1]) or 5
local total = 0
for round = 1, rounds do
  for _, phase in ipairs(phases) do
    local name, run, count = phase[1], phase[2], phase[3]
    local result = run(count)
    total = checksum(total, result)
    print(string.format("round %d of %d: %-15s %10d", round, rounds, name, result))
  end
end
print(string.format("checksum %d", total))
