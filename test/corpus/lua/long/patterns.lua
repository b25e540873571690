-- Patterns: find, match, gmatch, gsub with text, table and function, captures, anchors, %b, %f, malformed ones, real uses.
local function plain(message)
  return (tostring(message):gsub("[^%s:]+:%d+: ", ""))
end

-- find and match: plain, from a position, anchored, with captures of text and positions.
print(("hello world"):find("wor"), ("hello world"):find("o", 6), ("hello"):find("l+"), ("a.b"):find(".", 1, true), ("a.b"):find("%."), ("abc"):find("b", -1), ("abc"):find("", 10), ("abc"):find("", 4))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("  trim  "):match("^%s*(.-)%s*$") .. "|", ("2024-02-29"):match("(%d+)-(%d+)-(%d+)"))
print(("hello"):match("()ll()"), ("abc"):match("^b"), ("abc"):match("b", 2), ("aaa"):match("^a-$"), ("aXb"):match("%u"), ("x"):match("(x)(y?)(z*)"))
print(("THE (quick (brown) fox) jumps"):match("%b()"), ("[[nested] brackets]"):match("%b[]"), ("none"):match("%b()"), ("if x then if y end end"):find("%f[%w]%w+%f[%W]", 4))
print(("THE (quick) fox"):gsub("%f[%a]%a+%f[%A]", function(w) return w:lower() end), ("a,b,,c"):gsub(",", ";", 2), ("abc"):gsub("", "-"), ("abc"):gsub(".", { a = 1, b = "two", c = false }))
print(("hello world"):gsub("o", "<%0>"), ("hello"):gsub("(h)(e)", "%2%1"), ("x"):gsub("x", "%%"), ("abc def"):gsub("%w+", "%0 %0", 1), ("aaa"):gsub("a", "b", 0), ("abc"):gsub("b*", "x"))
for class in ("acdglpsuwx"):gmatch(".") do
  local inside, outside = 0, 0
  for code = 0, 127 do
    if string.char(code):find("%" .. class) then inside = inside + 1 end
    if string.char(code):find("%" .. class:upper()) then outside = outside + 1 end
  end
  io.write(class, "=", inside, "/", outside, " ")
end
print()
for _, set in ipairs({ "[a-c]", "[^a-c]", "[]]", "[^]]", "[a%-z]", "[%a_]", "[-a]", "[a-]", "[%d.]", "[%]]", "[\0-\31]" }) do
  io.write(set:gsub("%c", "?"), ":", #("abz-]_9.x\1"):gsub(set, ""), " ")
end
print()
for _, bad in ipairs({ "[a", "%", "(a", "a)", "%b", "%bx", "%f", "(()", "[%", "%1", "(a)%2", "[a-%" }) do
  io.write(plain(select(2, pcall(string.find, "aaaa", bad))), "; ")
end
print()
print(plain(select(2, pcall(string.gsub, "a", "a", "%2"))), plain(select(2, pcall(string.gsub, "a", "a", "%x"))), plain(select(2, pcall(string.gsub, "a", ".", function() return {} end))), plain(select(2, pcall(string.rep))), plain(select(2, pcall(string.find, ("a"):rep(300000), (".-"):rep(300000) .. "b"))))
print(plain(select(2, pcall(string.match, "x", ("(x)"):rep(40)))), ("abcabc"):match("(a)(b)(c)%1%2%3"), ("'it' \"is\""):gsub("(['\"])(.-)%1", "<%2>"))

-- gmatch: captures, anchors (which are plain there only in gsub), an empty match, a start position, state that outlives a change.
for k, v in ("a=1, b=2, c=3"):gmatch("(%w+)=(%w+)") do io.write(k, ":", v, " ") end
for w in ("one two  three"):gmatch("%a*") do io.write("[", w, "]") end
for w in ("abcdef"):gmatch("..", 2) do io.write("<", w, ">") end
for at in ("banana"):gmatch("()an") do io.write(" ", at) end
for w in ("hello"):gmatch("^h") do io.write(" anchored ", w) end
print()

-- A tokenizer for arithmetic and an evaluator.
local function tokens(source)
  local at = 1
  return function()
    at = source:match("^%s*()", at)
    if at > #source then return nil end
    for _, rule in ipairs({ { "number", "^(%d+%.?%d*[eE]?[+-]?%d*)()" }, { "name", "^([%a_][%w_]*)()" }, { "op", "^([-+*/%%^()])()" } }) do
      local text, after = source:match(rule[2], at)
      if text then
        at = after
        return rule[1], text
      end
    end
    error("unexpected '" .. source:sub(at, at) .. "' at " .. at, 0)
  end
end
local binding = { ["+"] = 1, ["-"] = 1, ["*"] = 2, ["/"] = 2, ["%"] = 2, ["^"] = 3 }
local apply = { ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end, ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a / b end, ["%"] = function(a, b) return a % b end, ["^"] = function(a, b) return a ^ b end }
local function evaluate(source, names)
  local nextToken = tokens(source)
  local what, text = nextToken()
  local expression
  local function primary()
    local value
    if what == "number" then value = tonumber(text) elseif what == "name" then value = names[text] or error("unknown " .. text, 0)
    elseif text == "(" then
      what, text = nextToken()
      value = expression(0)
      if text ~= ")" then error("missing )", 0) end
    elseif text == "-" then
      what, text = nextToken()
      return -primary()
    else error("unexpected " .. tostring(text), 0) end
    what, text = nextToken()
    return value
  end
  function expression(least)
    local left = primary()
    while what == "op" and binding[text] and binding[text] >= least do
      local op = text
      what, text = nextToken()
      left = apply[op](left, expression(binding[op] + (op == "^" and 0 or 1)))
    end
    return left
  end
  local value = expression(0)
  if what then error("trailing " .. text, 0) end
  return value
end
local names = { x = 3, y_2 = 0.5 }
for _, source in ipairs({ "1 + 2 * 3", "(1 + 2) * 3", "2 ^ 3 ^ 2", "-x * -2", "10 - 4 - 3", "7 % 4 / y_2", "1.5e1 + x", "1 +", "(1", "2 $ 2", "1 2", "z" }) do
  local ok, value = pcall(evaluate, source, names)
  io.write(source, " -> ", tostring(value), "; ")
end
print()
local total = 0
for i = 1, 400 do
  names.x = i
  total = total + evaluate("(x + 1) * 2 - x / 4 + 3 ^ 2 % 5", names)
end
print("total", total)

-- Templates, CSV, words counted, URL escapes, wildcards to patterns.
local template = ("Dear ${name}, ${count} items for ${price:%.2f}."):rep(40, "\n")
local filled
for _ = 1, 25 do
  filled = template:gsub("%${(%w+):?([^}]*)}", function(key, form) local v = ({ name = "Ada", count = 3, price = 9.5 })[key]; return form ~= "" and form:format(v) or v end)
end
print(filled:match("^[^\n]*"), #filled)
local function csv(line)
  local fields, at = {}, 1
  repeat
    local field, after = line:match('^"([^"]*)"()', at)
    while field and line:sub(after, after) == '"' do
      local more, past = line:match('^"([^"]*)"()', after)
      field, after = field .. '"' .. more, past
    end
    if not field then field, after = line:match("^([^,]*)()", at) end
    fields[#fields + 1] = field
    at = after + 1
  until after > #line
  return fields
end
print(table.concat(csv('plain,"with, comma","with ""quotes""",,last'), "|"))
local words, text = {}, ("the cat sat on the mat while the other cat ran "):rep(200)
for w in text:gmatch("%a+") do words[w] = (words[w] or 0) + 1 end
local list = {}
for w, n in pairs(words) do list[#list + 1] = ("%s=%d"):format(w, n) end
table.sort(list)
print(table.concat(list, " "))
local escaped = ("a b&c=d/é?"):gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)
print(escaped, (escaped:gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end)))
local function wildcard(glob) return "^" .. glob:gsub("[%^%$%(%)%%%.%[%]%+%-]", "%%%0"):gsub("%*", ".*"):gsub("%?", ".") .. "$" end
print(wildcard("*.t?t"), ("notes.txt"):find(wildcard("*.t?t")) ~= nil, ("notes.text"):find(wildcard("*.t?t")) ~= nil)
-- Backtracking that is slow on purpose.
print((("a"):rep(18)):match(("a?"):rep(9) .. ("a"):rep(9)) ~= nil, (("x"):rep(90) .. "y"):find(".-.-.-z"))
