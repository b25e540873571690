-- A JSON reader and writer, a diff of documents, a template engine compiled by load, and a tokenizer of Lua itself.
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
local null = setmetatable({}, { __tostring = function() return "null" end })
local function encode(value, indent, level)
  level = level or 0
  local kind = math.type(value) or type(value)
  if value == null then return "null"
  elseif kind == "boolean" or kind == "integer" then return tostring(value)
  elseif kind == "float" then return ("%.14g"):format(value)
  elseif kind == "string" then return '"' .. value:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"' end
  local pieces, open, close = {}, "[", "]"
  if #value > 0 or next(value) == nil then
    for i, v in ipairs(value) do pieces[i] = encode(v, indent, level + 1) end
  else
    open, close = "{", "}"
    local keys = {}
    for k in pairs(value) do keys[#keys + 1] = k end
    table.sort(keys)
    for i, k in ipairs(keys) do pieces[i] = encode(k) .. (indent and ": " or ":") .. encode(value[k], indent, level + 1) end
  end
  if not indent or #pieces == 0 then return open .. table.concat(pieces, ",") .. close end
  local pad = "\n" .. indent:rep(level + 1)
  return open .. pad .. table.concat(pieces, "," .. pad) .. "\n" .. indent:rep(level) .. close
end

local function decode(text)
  local at = 1
  local function fail(what) error(("%s at %d"):format(what, at), 0) end
  local function skip() at = text:find("[^ \t\r\n]", at) or #text + 1 end
  local value
  local function string_()
    local out, from = {}, at + 1
    at = from
    while true do
      local stop = text:find('["\\\0-\31]', at)
      if not stop then fail("unfinished string") end
      out[#out + 1] = text:sub(at, stop - 1)
      local c = text:sub(stop, stop)
      at = stop + 1
      if c == '"' then return table.concat(out) end
      if c ~= "\\" then fail("control character") end
      local e = text:sub(at, at)
      if e == "u" then
        local code = tonumber(text:match("^%x%x%x%x", at + 1) or fail("bad escape"), 16)
        at = at + 5
        if code >= 0xd800 and code < 0xdc00 then
          local low = tonumber(text:match("^\\u(%x%x%x%x)", at) or fail("lone surrogate"), 16)
          code = 0x10000 + (code - 0xd800 << 10) + (low - 0xdc00)
          at = at + 6
        end
        out[#out + 1] = utf8.char(code)
      else
        out[#out + 1] = ({ b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" })[e] or fail("bad escape")
        at = at + 1
      end
    end
  end
  local function list(close, each)
    local result = {}
    at = at + 1
    skip()
    if text:sub(at, at) == close then at = at + 1; return result end
    while true do
      each(result)
      skip()
      local c = text:sub(at, at)
      at = at + 1
      if c == close then return result end
      if c ~= "," then at = at - 1; fail("expected , or " .. close) end
      skip()
    end
  end
  function value()
    skip()
    local c = text:sub(at, at)
    if c == "{" then
      return list("}", function(t)
        if text:sub(at, at) ~= '"' then fail("expected a key") end
        local k = string_()
        skip()
        if text:sub(at, at) ~= ":" then fail("expected :") end
        at = at + 1
        t[k] = value()
      end)
    elseif c == "[" then return list("]", function(t) t[#t + 1] = value() end)
    elseif c == '"' then return string_() end
    for word, meaning in pairs({ ["true"] = true, ["false"] = false, ["null"] = null }) do
      if text:sub(at, at + #word - 1) == word then at = at + #word; return meaning end
    end
    local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    if not number or not tonumber(number) then fail("unexpected '" .. c .. "'") end
    at = at + #number
    return math.tointeger(tonumber(number)) and not number:find("[.eE]") and math.tointeger(tonumber(number)) or tonumber(number)
  end
  local result = value()
  skip()
  if at <= #text then fail("trailing text") end
  return result
end

print(encode({ 1, 2.5, "three", { four = { true, false, null } }, {}, 'q"\\\n\1' }))
print(encode(decode('{"b": [1, -2, 3.25e2, 1e-3], "a": {"nested": {"deep": [[], [[]]]}}, "u": "\\u00e9\\ud83d\\ude00\\n", "n": null}'), "  "))
for _, bad in ipairs({ "", "{", "[1,]", '{"a" 1}', "tru", '"open', '"\\x"', "[1 2]", "1 2", '"\\ud800"', "{1:2}", "-" }) do
  io.write(select(2, pcall(decode, bad)), "; ")
end
print()
local document = { people = {} }
for i = 1, 250 do
  document.people[i] = { id = i, name = ("person %d"):format(i), tags = { "t" .. i % 7, "t" .. i % 11 }, score = i / 8, active = i % 3 == 0, address = { city = "city" .. i % 13, zip = ("%05d"):format(i * 37) } }
end
local text = encode(document)
local copy = decode(text)
print(#text, encode(copy) == text, #copy.people, copy.people[77].address.zip, #encode(copy, "\t"))
local function diff(a, b, path, out)
  if type(a) ~= "table" or type(b) ~= "table" then
    if a ~= b then out[#out + 1] = ("%s: %s -> %s"):format(path, tostring(a), tostring(b)) end
    return out
  end
  for k, v in pairs(a) do diff(v, b[k], path .. "/" .. k, out) end
  for k, v in pairs(b) do if a[k] == nil then out[#out + 1] = path .. "/" .. k .. ": added" end end
  return out
end
copy.people[3].name, copy.people[5].tags[3], copy.people[9].active = "changed", "new", nil
local changes = diff(document, copy, "", {})
table.sort(changes)
print(table.concat(changes, "; "))

-- A template engine: text becomes Lua source, Lua source becomes a function.
local function compile(template)
  local code = { "local out, data = ... ; local _ENV = setmetatable(data, { __index = _ENV })\n" }
  local at = 1
  for before, kind, body, after in template:gmatch("(.-)<([%%=])%s*(.-)%s*[%%=]>()") do
    code[#code + 1] = ("out[#out + 1] = %q\n"):format(before)
    code[#code + 1] = kind == "=" and ("out[#out + 1] = tostring(%s)\n"):format(body) or body .. "\n"
    at = after
  end
  code[#code + 1] = ("out[#out + 1] = %q\n"):format(template:sub(at))
  local chunk = assert(load(table.concat(code), "=template"))
  return function(data) local out = {}; chunk(out, data); return table.concat(out) end
end
local page = compile("<h1><= title =></h1>\n<% for i, p in ipairs(people) do if p.active then %><li><= p.name:upper() => (<= i =>)</li>\n<% end end %><p><= #people => in all</p>")
local made = page({ title = "List", people = document.people })
print(#made, made:match("^[^\n]*\n[^\n]*"), made:match("[^\n]*$"))
print((select(2, pcall(compile, "<% for %>")):gsub("^.-: template:", "template:")))
local size = 0
for i = 1, 130 do size = size + #page({ title = i, people = document.people }) end
print(size)

-- Tokens of a piece of Lua, counted by kind.
local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do keywords[word] = true end
local function tokenize(source)
  local counts, at = {}, 1
  local rules = { { "comment", "^%-%-[^\n]*()" }, { "space", "^%s+()" }, { "string", '^"[^"\n]*"()' }, { "number", "^%d[%w.]*()" }, { "word", "^[%a_][%w_]*()" }, { "symbol", "^[=~<>]=()" }, { "symbol", "^%.%.%.?()" }, { "symbol", "^%p()" } }
  while at <= #source do
    for _, rule in ipairs(rules) do
      local after = source:match(rule[2], at)
      if after then
        local kind = rule[1]
        if kind == "word" then kind = keywords[source:sub(at, after - 1)] and "keyword" or "name" end
        counts[kind] = (counts[kind] or 0) + 1
        at = after
        break
      end
    end
  end
  return ("%d comments, %d strings, %d numbers, %d keywords, %d names, %d symbols"):format(counts.comment, counts.string, counts.number, counts.keyword, counts.name, counts.symbol)
end
local program = ('-- note\nlocal x, y = 10, "text" .. 2.5\nfor i = 1, #y do if x ~= i then print(x // i, y) end end\nreturn function(...) return ... end\n'):rep(60)
print(tokenize(program))
