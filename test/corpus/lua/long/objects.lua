-- Programs with classes: a bank by messages, a simulation of events, a text adventure of states, an LRU cache, a small Lisp.
local function class(parent)
  local c = setmetatable({}, { __index = parent, __call = function(c, ...) local o = setmetatable({}, c); if c.init then o:init(...) end; return o end })
  c.__index = c
  c.super = parent
  for _, event in ipairs({ "__tostring", "__eq", "__lt", "__len", "__concat" }) do c[event] = parent and rawget(parent, event) end
  return c
end

-- Inheritance over three levels, super calls, events inherited.
local Account = class()
function Account:init(owner, balance) self.owner, self.balance, self.log = owner, balance or 0, {} end
function Account:deposit(n) if n <= 0 then error({ code = "amount", n = n }) end; self.balance = self.balance + n; self.log[#self.log + 1] = n end
function Account:withdraw(n) if n > self.balance then error({ code = "funds", need = n - self.balance }) end; self.balance = self.balance - n; self.log[#self.log + 1] = -n end
Account.__tostring = function(self) return self.owner .. ":" .. self.balance end
Account.__lt = function(a, b) return a.balance < b.balance end
Account.__len = function(self) return #self.log end
local Savings = class(Account)
function Savings:init(owner, balance, rate) Account.init(self, owner, balance); self.rate = rate end
function Savings:interest() self:deposit(self.balance * self.rate // 100) end
local Limited = class(Savings)
function Limited:withdraw(n) if n > 100 then error({ code = "limit" }) end; self.super.withdraw(self, n) end
local accounts = { Account("ada", 100), Savings("bob", 1000, 5), Limited("cyd", 500, 2) }
local failures = { amount = 0, funds = 0, limit = 0 }
local seed = 7
local function random(n) seed = (seed * 16807) % 2147483647; return seed % n end
for i = 1, 16000 do
  local account, n = accounts[random(3) + 1], random(200) - 10
  local ok, e = pcall(random(2) == 0 and account.deposit or account.withdraw, account, n)
  if not ok then failures[e.code] = failures[e.code] + 1 end
  if i % 1000 == 0 and account.interest then account:interest() end
end
table.sort(accounts)
print(tostring(accounts[1]), tostring(accounts[2]), tostring(accounts[3]), #accounts[1] + #accounts[2] + #accounts[3], failures.amount, failures.funds, failures.limit)

-- Events by time: machines that break, workers that mend.
local Queue = class()
function Queue:init() self.n = 0 end
function Queue:add(time, action, ...)
  local i = self.n + 1
  self.n = i
  self[i] = { time = time, order = i + (self.added or 0), action = action, args = table.pack(...) }
  self.added = (self.added or 0) + 1
  while i > 1 and (self[i].time < self[i // 2].time or self[i].time == self[i // 2].time and self[i].order < self[i // 2].order) do
    self[i], self[i // 2] = self[i // 2], self[i]
    i = i // 2
  end
end
function Queue:take()
  local top = self[1]
  self[1] = self[self.n]
  self[self.n] = nil
  self.n = self.n - 1
  local i = 1
  while true do
    local least = i
    for child = 2 * i, 2 * i + 1 do
      if child <= self.n and (self[child].time < self[least].time or self[child].time == self[least].time and self[child].order < self[least].order) then least = child end
    end
    if least == i then return top end
    self[i], self[least] = self[least], self[i]
    i = least
  end
end
local events, broken, mended, idle, waiting = Queue(), 0, 0, 3, {}
local mend
local function breaks(time, machine)
  broken = broken + 1
  if idle > 0 then idle = idle - 1; events:add(time + 5 + random(20), mend, machine) else waiting[#waiting + 1] = machine end
end
function mend(time, machine)
  mended = mended + 1
  events:add(time + 20 + random(100), breaks, machine)
  if #waiting > 0 then events:add(time + 5 + random(20), mend, table.remove(waiting, 1)) else idle = idle + 1 end
end
for machine = 1, 20 do events:add(random(50), breaks, machine) end
local now, handled = 0, 0
while now < 15000 do
  local event = events:take()
  assert(event.time >= now)
  now, handled = event.time, handled + 1
  event.action(now, table.unpack(event.args, 1, event.args.n))
end
print("events", handled, broken, mended, #waiting, idle)

-- A cache that forgets what was least recently used.
local Cache = class()
function Cache:init(limit) self.limit, self.size, self.map, self.ends = limit, 0, {}, {}; self.ends.next, self.ends.prev = self.ends, self.ends end
function Cache:unlink(node) node.prev.next, node.next.prev = node.next, node.prev end
function Cache:front(node) node.next, node.prev = self.ends.next, self.ends; self.ends.next.prev = node; self.ends.next = node end
function Cache:get(key)
  local node = self.map[key]
  if not node then return nil end
  self:unlink(node)
  self:front(node)
  return node.value
end
function Cache:set(key, value)
  if self.map[key] then self:unlink(self.map[key]) elseif self.size == self.limit then
    local last = self.ends.prev
    self:unlink(last)
    self.map[last.key] = nil
  else self.size = self.size + 1 end
  local node = { key = key, value = value }
  self.map[key] = node
  self:front(node)
end
local cache, hits, misses = Cache(50), 0, 0
for i = 1, 20000 do
  local key = "k" .. random(40) * random(3)
  if cache:get(key) then hits = hits + 1 else misses = misses + 1; cache:set(key, i) end
end
print("cache", hits, misses, cache.size)

-- A Lisp: reader, environments by metatables, closures, macros by quoting.
local function read(source)
  local at = 1
  local function form()
    at = source:match("^%s*()", at)
    if source:sub(at, at) == "(" then
      at = at + 1
      local list = {}
      while true do
        at = source:match("^%s*()", at)
        if source:sub(at, at) == ")" then at = at + 1; return list end
        if at > #source then error("unbalanced", 0) end
        list[#list + 1] = form()
      end
    elseif source:sub(at, at) == "'" then at = at + 1; return { "quote", form() } end
    local atom
    atom, at = source:match("^([^%s()]+)()", at)
    return tonumber(atom) or atom
  end
  return form()
end
local global = { ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end, ["*"] = function(a, b) return a * b end, ["<"] = function(a, b) return a < b end, ["="] = function(a, b) return a == b end, car = function(l) return l[1] end, cdr = function(l) return { table.unpack(l, 2) } end, cons = function(a, l) return { a, table.unpack(l) } end, ["null?"] = function(l) return #l == 0 end, list = function(...) return { ... } end }
local eval
local special = {
  quote = function(x) return x[2] end,
  ["if"] = function(x, env) if eval(x[2], env) then return eval(x[3], env) end return x[4] and eval(x[4], env) end,
  define = function(x, env) env[x[2]] = eval(x[3], env) end,
  lambda = function(x, env) return function(...) local inner = setmetatable({}, { __index = env }); for i, name in ipairs(x[2]) do inner[name] = (select(i, ...)) end; return eval(x[3], inner) end end,
  let = function(x, env) local inner = setmetatable({}, { __index = env }); for _, pair in ipairs(x[2]) do inner[pair[1]] = eval(pair[2], env) end; return eval(x[3], inner) end,
}
function eval(x, env)
  if type(x) == "string" then local v = env[x]; if v == nil then error("unbound " .. x, 0) end; return v end
  if type(x) ~= "table" then return x end
  if special[x[1]] then return special[x[1]](x, env) end
  local f, args = eval(x[1], env), {}
  for i = 2, #x do args[i - 1] = eval(x[i], env) end
  return f(table.unpack(args))
end
local function show(v) if type(v) ~= "table" then return tostring(v) end local out = {}; for i, e in ipairs(v) do out[i] = show(e) end; return "(" .. table.concat(out, " ") .. ")" end
for _, source in ipairs({
  "(define fib (lambda (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))))", "(fib 13)", "(define map (lambda (f l) (if (null? l) '() (cons (f (car l)) (map f (cdr l))))))",
  "(map (lambda (x) (* x x)) '(1 2 3 4 5))", "(define range (lambda (a b) (if (< a b) (cons a (range (+ a 1) b)) '())))", "(define fold (lambda (f z l) (if (null? l) z (fold f (f z (car l)) (cdr l)))))",
  "(fold + 0 (range 1 40))", "(let ((x 2) (y 3)) (list x y (* x y) 'sym '(a (b c))))", "((lambda (f) (f f 5)) (lambda (g n) (if (= n 0) 1 (* n (g g (- n 1))))))", "(missing 1)", "(car" }) do
  local ok, value = pcall(function() return eval(read(source), global) end)
  io.write(ok and show(value) or "error: " .. tostring(value), "; ")
end
print()
