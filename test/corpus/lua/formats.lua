-- string.format: every conversion, flag, width and precision; %q that load reads back; errors.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local format = string.format
local function row(spec, ...)
  local cells = {}
  for i = 1, select("#", ...) do
    local ok, text = pcall(format, spec, (select(i, ...)))
    cells[i] = "[" .. (ok and text or clean(text)) .. "]"
  end
  print(spec, table.concat(cells, " "))
end

-- Integers.
for _, spec in ipairs({ "%d", "%i", "%5d", "%-5d", "%05d", "%+d", "% d", "%.3d", "%8.3d", "%-+8.3d", "%+.0d" }) do
  row(spec, 0, 42, -42, 1234567, 3.0, "17", math.mininteger)
end
for _, spec in ipairs({ "%u", "%o", "%#o", "%x", "%X", "%#x", "%#X", "%08x", "%-8xe", "%#.6x", "%c" }) do
  row(spec, 65, 255, 4096)
end
row("%x", -1, math.mininteger, 1 << 40)

-- Floats, with the hexadecimal ones.
for _, spec in ipairs({ "%f", "%.0f", "%#.0f", "%.3f", "%10.2f", "%-10.2f|", "%+.1f", "% .2f", "%010.3f", "%F" }) do
  row(spec, 0.5, 1.5, 2.5, -3.14159, 1e10, 7)
end
for _, spec in ipairs({ "%e", "%.2e", "%E", "%12.1e", "%g", "%.3g", "%#g", "%G", "%.10g", "%.14g", "%.17g" }) do
  row(spec, 0.1, 1e-5, 123456789, 1e100, -0.0, 1 / 0, -1 / 0)
end
for _, spec in ipairs({ "%a", "%A", "%.2a", "%.0a", "%20a", "%-20a|", "%+a" }) do
  row(spec, 1, 0.5, -3.75, 255.9375, 1e-310, 0.0)
end

-- Strings.
for _, spec in ipairs({ "%s", "%10s", "%-10s", "%.2s", "%10.3s", "%-10.3s|", "%.0s", "%5.10s" }) do
  row(spec, "text", "", "longer than ten", 12, 1.5, true, nil)
end
local object = setmetatable({}, { __tostring = function() return "an object" end })
row("%s", object)
row("%15s", object)
row("%-12.5s", object)
print(#format("%s", "a\0b"), #format("%99.99f", 1 / 3), #format("%s", ("x"):rep(5000)), #format("%-99s", "x"), format("%%|%5s%%", "x"))
print(format("%s %d %s", 1, 2, 3), format("%5s|%-5s|%05d|%+.2e", "ab", "cd", 42, 12345.678), format(""))
print(("%s=%s;"):rep(3):format("a", 1, "b", 2, "c", 3), ("%d%%"):format(99), ("%c%c%c"):format(76, 117, 97))

-- %q is read back as the same value.
local quoted = {
  "plain", "line\nbreak", "quote\"d", "back\\slash", "\0zero", "\0001", "\r\t\b", "\200\255", "", 0, -1, 255, math.maxinteger, math.mininteger,
  0.1, 1 / 3, -0.0, 1e300, 5e-324, 2.0, 1 / 0, -1 / 0, true, false,
}
for i, value in ipairs(quoted) do
  local text = format("%q", value)
  local back = load("return " .. text)()
  print(i, (text:gsub("[^\n -~]", function(c) return "<" .. c:byte() .. ">" end)), back == value, math.type(back) == math.type(value))
end
local nan = load("return " .. format("%q", 0 / 0))()
print(format("%q", nil), nan ~= nan)
row("%q", {}, print)
row("%10q", "x")

-- What is refused.
row("%d", 1.5, "1.5", "x", {}, nil, 2 ^ 63)
row("%f", "x", {}, "0x1p-1")
for _, spec in ipairs({ "%", "%y", "%123d", "%.123d", "%0100d", "%-+ #0d", "%#d", "%1.1c", "%.3q", "%5", "%.2i%" }) do row(spec, 1) end
print(clean(select(2, pcall(format))), clean(select(2, pcall(format, "%d"))), clean(select(2, pcall(format, "%s%s", 1))))
print(clean(select(2, pcall(format, "%5s", "a\0b"))), #format("%.20s", ("y"):rep(200)))

-- A checksum of many.
local sum = 0
local specs = { "%d", "%5.1f", "%x", "%g", "%e", "%-8s", "%08.3f", "%q", "%a", "%+i", "%o", "%c" }
for i = 1, 40000 do
  local text = format(specs[i % #specs + 1], i % 256)
  sum = (sum * 33 + #text * 7 + text:byte(-1)) % 4294967296
end
print(sum)
