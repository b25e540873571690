-- Passes over classic kernels, all of them or one; a line after each pass, so that the time of each can be taken from
-- outside: steady.lua PASSES [KERNEL]. On stderr stands how long each took, in nanoseconds of the process.
local function fib(n)
  if n < 2 then
    return n
  end
  return fib(n - 1) + fib(n - 2)
end

local function sorting()
  local seed, list = 42, {}
  for i = 1, 12000 do
    seed = (seed * 1103515245 + 12345) % 2147483648
    list[i] = seed // 65536
  end
  table.sort(list, function(a, b)
    return a > b
  end)
  return list[1] + list[6000]
end

local function strings()
  local parts = {}
  for i = 1, 12000 do
    parts[#parts + 1] = string.format("%d:%x", i, i * 7)
  end
  local text = table.concat(parts, ",")
  local replaced, count = text:gsub("(%d+):", function(digits)
    return digits .. "="
  end)
  return #replaced + count
end

local function tables()
  local sieve, primes = {}, 0
  for i = 2, 120000 do
    sieve[i] = true
  end
  for i = 2, 120000 do
    if sieve[i] then
      primes = primes + 1
      for multiple = i * i, 120000, i do
        sieve[multiple] = false
      end
    end
  end
  return primes
end

local function closures()
  local function counter(step)
    local value = 0
    return function()
      value = (value + step) % 1000003
      return value
    end
  end
  local sum = 0
  for i = 1, 400 do
    local next = counter(i)
    for _ = 1, 200 do
      sum = (sum + next()) % 1000003
    end
  end
  return sum
end

local function matrices()
  local size, a, b = 48, {}, {}
  for i = 1, size do
    a[i], b[i] = {}, {}
    for j = 1, size do
      a[i][j], b[i][j] = i + j / 8, i - j / 4
    end
  end
  local trace = 0.0
  for i = 1, size do
    for j = 1, size do
      local sum = 0.0
      for k = 1, size do
        sum = sum + a[i][k] * b[k][j]
      end
      if i == j then
        trace = trace + sum
      end
    end
  end
  return math.floor(trace)
end

local kernels = {
  {
    "recursion",
    function()
      return fib(24)
    end,
  },
  { "sorting", sorting },
  { "strings", strings },
  { "tables", tables },
  { "closures", closures },
  { "matrices", matrices },
}

local passes, only = tonumber(arg[1]) or 12, arg[2]
io.stdout:setvbuf("no")
print("start")
for pass = 1, passes do
  local sum, began = 0, os.clock()
  for _, kernel in ipairs(kernels) do
    if only == nil or only == kernel[1] then
      local ok, result = pcall(kernel[2])
      assert(ok, result)
      sum = (sum * 31 + result) % 2147483647
    end
  end
  io.stderr:write(string.format("%.0f\n", (os.clock() - began) * 1e9))
  print(string.format("pass %d %d", pass, sum))
end
