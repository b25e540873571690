-- Depth: stack overflow caught again and again, limits of C calls, deep recursion that is fine, nested data and source text.
local function plain(message)
  return (tostring(message):match("^[^\n]*"):gsub("[^%s:]+:%d+: ", ""))
end
local function kind(message)
  message = plain(message)
  return message:match("C stack overflow") or message:match("stack overflow") or message:match("error in error handling") or message
end

-- Lua calls without end, of several shapes.
local depth = 0
local function plainly(n) depth = n; return 1 + plainly(n + 1) end
-- Frames of 190 registers reach the limit after some thousand calls.
local registers = {}
for i = 1, 180 do registers[i] = "r" .. i end
local function broad(body)
  return load("local f; f = function(n, g) local " .. table.concat(registers, ", ") .. " = n; " .. body .. " end; return f", "=broad")()
end
local locals = broad("return 1 + f(n + 1)")
local given = broad("return 1 + g(n + 1, g)")
local function varargs(...) return 1 + varargs(1, ...) end
local object = {}
function object:method() return self:method() + 1 end
local wide = setmetatable({}, { __index = function(t, k) return t[k + 1] end, __call = function(self) return self() + 1 end })
local mutual = function(n) local partner = broad("return 1 + g(n + 1, f)"); return given(n, partner) end
for _, case in ipairs({ { "plain", plainly, 1 }, { "locals", locals, 1 }, { "method", object.method, object }, { "index", function() return wide[1] end }, { "mutual", mutual, 1 } }) do
  local ok, message = pcall(case[2], case[3])
  print(case[1], ok, kind(message))
end
local ok, message = pcall(varargs)
print("varargs", ok, kind(message) == "stack overflow")
print(depth > 100000, depth < 400000)

-- After each overflow, everything still works.
do
  local caught = select(2, pcall(function() local t = {}; t[1] = locals(1) end))
  assert(kind(caught) == "stack overflow")
  local t = {}
  for i = 1, 100 do t[i] = { i } end
  assert(#t == 100)
end
print("recovered")

-- C calls in Lua calls in C calls.
local function through_sort(n) table.sort({ 1, 2, 3 }, function(x, y) through_sort(n + 1) return x < y end) end
local function through_gsub(n) return (("x"):gsub("x", function() return through_gsub(n + 1) end)) end
local function through_tostring() return tostring(setmetatable({}, { __tostring = function() return through_tostring() end })) end
local function through_load() return load(function() return through_load() end) end
local reached = 0
local function through_pcall() reached = reached + 1; local fine, m = pcall(through_pcall); if not fine then error(m, 0) end end
for _, case in ipairs({ { "sort", through_sort, 1 }, { "gsub", through_gsub, 1 }, { "tostring", through_tostring }, { "pcall", through_pcall } }) do
  local fine, m = pcall(case[2], case[3])
  print(case[1], fine, kind(m))
end
print(pcall(through_load) ~= nil, reached > 50, reached < 300)
print(coroutine.wrap(function() return pcall(through_gsub, 1) end)() == false)

-- Handlers that fail, handlers that overflow.
print(xpcall(error, function() error("again") end, "x"))
print(xpcall(locals, function(m) return kind(m) end, 1))
local handled = 0
print((xpcall(locals, function(m) handled = handled + 1; return locals(1) end, 1)), handled >= 1)

-- Deep source text: parentheses, tables, functions, operators, blocks, assignments.
local function nested(n, open, middle, close) return open:rep(n) .. middle .. close:rep(n) end
for _, n in ipairs({ 60, 250 }) do
  for _, case in ipairs({ { "return ", "(", "1", ")" }, { "return ", "{", "", "}" }, { "return ", "function() return ", "1", " end" }, { "return ", "-", "1", "" }, { "return ", "1 .. ", "1", "" }, { "", "do ", "", " end" }, { "", "if x then ", "", " end" } }) do
    local chunk, problem = load(case[1] .. nested(n, case[2], case[3], case[4]), "=deep")
    io.write(chunk and "fine" or kind(problem):sub(1, 50), "; ")
  end
  print()
end
local assignment = "local a; " .. ("a,"):rep(249) .. "a = 1"
print(load(assignment) ~= nil or "refused", select(2, load("local " .. ("x,"):rep(250) .. "x", "=many")))
print((select(2, load("local a = 1; return " .. ("function() return a + "):rep(40) .. "1" .. (" end"):rep(40), "=ups"))))
local many = {}
for i = 1, 300 do many[i] = ("local v%d = %d"):format(i, i) end
print((select(2, load(table.concat(many, "\n"), "=locals"))))

-- Deep recursion that fits: a list of 25,000, Ackermann, Hanoi, Tak, deep copies.
local list
for i = 1, 25000 do list = { i, list } end
local function sum(l) if not l then return 0 end return l[1] + sum(l[2]) end
print(sum(list))
local function ackermann(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ackermann(m - 1, 1) end
  return ackermann(m - 1, ackermann(m, n - 1))
end
local function tak(x, y, z) if y >= x then return z end return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) end
local moves = 0
local function hanoi(n, from, to, spare) if n > 0 then hanoi(n - 1, from, spare, to); moves = moves + 1; hanoi(n - 1, spare, to, from) end end
hanoi(13, "a", "b", "c")
print(ackermann(2, 60), tak(12, 8, 4), moves)
local function copy(t, seen)
  if type(t) ~= "table" then return t end
  if seen[t] then return seen[t] end
  local c = {}
  seen[t] = c
  for k, v in pairs(t) do c[copy(k, seen)] = copy(v, seen) end
  return setmetatable(c, getmetatable(t))
end
local cyclic = { name = "root" }
cyclic.self, cyclic.list = cyclic, list
local copied = copy(cyclic, {})
print(copied ~= cyclic, copied.self == copied, copied.list ~= list, sum(copied.list))
