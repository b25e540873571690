-- Patterns: find, match, gmatch and gsub with strings, tables and functions; classes, captures, anchors, %b and %f.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local function fails(f, ...) local ok, e = pcall(f, ...); return not ok and clean(e):gsub("'string%.", "'") or "no error" end

-- find and match: positions, captures, starts, plain.
local subject = "The quick brown fox, 42 years old, jumps over 13 lazy dogs."
print(subject:find("quick"), subject:find("(%a+) (%a+)", 5), subject:find("o", -10), subject:find("absent"), subject:find(""), subject:find("", 100))
print(subject:find(".", 1, true), subject:find("%d+", 1, true), ("a+b"):find("+", 1, true), ("a.b"):find(".", 2, true), ("x"):find("", 2), ("x"):find("", 3))
print(subject:match("%d+"), subject:match("(%d+) (%a+)"), subject:match("()fox()"), subject:match("^The"), subject:match("^quick"), subject:match("%.$"))
print(("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("  trim me  "):match("^%s*(.-)%s*$") .. "|", ("2024-02-29"):match("(%d+)-(%d+)-(%d+)"))
print(("[[nested]]"):match("%[(%[.*%])%]"), ("a-b"):match("[a%-]+"), ("a]b"):match("[]a]+"), ("x^y"):match("[x^]+"), ("abc"):match("[^b]+", 2), ("é"):match("[\128-\255]+") == "é")
print(("hello hello"):match("(h%a+) %1"), ("abcabd"):match("(ab)c%1d"), ("''"):match("(['\"])%1"), ("aXb"):match("%u"), ("\0a\0"):match("%z") == "\0", ("a\0b"):match("a%zb") == "a\0b")
print(("aaa"):match("a-"), ("aaa"):match("a-$"), ("aaab"):match("a-b"), ("aaa"):match("a?a?a?a?"), ("<a><b>"):match("<.->"), ("<a><b>"):match("<.*>"))
for _, class in ipairs({ "a", "c", "d", "g", "l", "p", "s", "u", "w", "x" }) do
  local inside, outside = 0, 0
  for byte = 0, 255 do
    local c = string.char(byte)
    if c:find("%" .. class) then inside = inside + 1 end
    if c:find("[^%" .. class .. "]") and c:find("%" .. class:upper()) then outside = outside + 1 end
  end
  io.write(class, "=", inside, "/", outside, " ")
end
print()

-- %b and %f.
print(("f(a(b)c)(d)"):match("%b()"), ("f(a(b)c)(d)"):match("%b()", 8), ("((unbalanced)"):match("%b()"), ("if x then y end"):match("%bxd"), ("''a''"):match("%b''"))
print(("THE (quick) fox"):find("%f[%a]%a+%f[%A]"), ("THE (quick) fox"):gsub("%f[%w]%w+", string.lower), ("foo.bar"):match("%f[%w]%w+$"), ("x"):find("%f[%z]"), ("word"):gsub("%f[\0]", "!"))

-- gmatch: with captures, positions, empty matches, anchors, a start.
local words = {}
for word in subject:gmatch("%a+") do words[#words + 1] = #word end
print(table.concat(words, ","))
for k, v in ("a=1, b=22, c=, =4"):gmatch("(%w*)=(%w*)") do io.write("<", k, ":", v, "> ") end
for at in ("abc"):gmatch("()") do io.write(at, " ") end
for m in ("abc"):gmatch("%w*") do io.write("[", m, "] ") end
for m in ("^a^a"):gmatch("^a") do io.write("{", m, "} ") end
for m in ("one two three"):gmatch("%a+", 5) do io.write(m, ";") end
print()

-- gsub: replacement strings, tables, functions, limits, empty matches.
print(("hello world"):gsub("o", "0"), ("hello world"):gsub("o", "0", 1), ("hello"):gsub("", "-"), ("hello"):gsub("l*", "x"), ("abc"):gsub("%w", "%0%0"), ("abc"):gsub(".", "%%"))
print(("swap me"):gsub("(%a+) (%a+)", "%2 %1"), ("x"):gsub("x", "%%1"), ("a.b.c"):gsub("%.", "%%"), ("aaa"):gsub("^a", "b"), ("n"):gsub("n", 5), ("abc"):gsub("b", "", 0))
local values = { name = "Lua", version = 5.4, no = false }
print(("$name $version $no $absent"):gsub("%$(%w+)", values), ("$name"):gsub("%$(%w+)", setmetatable({}, { __index = function(_, k) return k:upper() end })))
print(("3 + 4 = 7"):gsub("%d", function(d) return d * 2 end), ("a b"):gsub("(%a) (%a)", function(a, b) return b .. a end), ("keep"):gsub("%a", function(c) if c == "e" then return nil end return false end))
print(("%41%42%43"):gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end), ("nested"):gsub("%a+", function(w) return (w:gsub("e", function(e) return e:upper() end)) end))

-- What is refused.
print(fails(string.find, "a", "["), fails(string.find, "a", "[a"), fails(string.find, "a", "%"), fails(string.find, "a", "(a"), fails(string.find, "a", "a)"))
print(fails(string.match, "a", "%b"), fails(string.match, "a", "%f"), fails(string.match, "a", "%1"), fails(string.match, "a", "(%1)"), fails(string.match, "a", ("(a"):rep(40)))
print(fails(string.gsub, "a", "a", "%2"), fails(string.gsub, "a", "a", "%x"), fails(string.gsub, "a", "a"), fails(string.gsub, "a", "a", { a = {} }), fails(string.gsub, "a", "a", print and function() return {} end))
print(fails(string.rep("a", 250000).match, ("x"):rep(250000), (".-"):rep(250) .. "y"), fails(string.gsub, "abc", ".", function(c) error("from callback " .. c, 0) end))

-- A tokenizer and a word count over a longer text.
local text = ("local x1 = 0x1F + (y_2 * 3.5) -- note\nif x1 >= 10 then print('a b', \"c\") end\n"):rep(180)
local kinds = { { "^%s+", "space" }, { "^%-%-[^\n]*", "comment" }, { "^[%a_][%w_]*", "name" }, { "^0[xX]%x+", "hex" }, { "^%d+%.?%d*", "number" }, { "^(['\"]).-%1", "string" }, { "^[<>=~]=", "pair" }, { "^%p", "sign" } }
local at, counts, sum = 1, {}, 0
while at <= #text do
  for _, kind in ipairs(kinds) do
    local from, to = text:find(kind[1], at)
    if from then counts[kind[2]] = (counts[kind[2]] or 0) + 1; sum = (sum * 31 + to) % 1000003; at = to + 1; break end
  end
end
for _, kind in ipairs(kinds) do io.write(kind[2], "=", counts[kind[2]] or 0, " ") end
local changed, n = text:gsub("%f[%w_][%a_]%w*", function(w) sum = (sum + #w) % 1000003; return w:reverse() end)
print(sum, n, #changed, changed:sub(1, 30))
