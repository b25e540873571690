-- Strings as bytes: pack and unpack in every format, rep, byte, char, reverse, sub, case, comparison.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local pack, unpack, packsize = string.pack, string.unpack, string.packsize
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function fails(f, ...) local ok, e = pcall(f, ...); return "{" .. (ok and "no error" or clean(e)) .. "}" end

-- Integers of each size and order, there and back.
for size = 1, 16 do
  local text = {}
  for _, order in ipairs({ "<", ">" }) do
    local format = order .. "i" .. size
    local packed = pack(format, -size) .. pack(order .. "I" .. size, 100 + size)
    local a, next = unpack(format, packed)
    local b, last = unpack(order .. "I" .. size, packed, next)
    text[#text + 1] = hex(packed):sub(1, 20) .. " " .. a .. " " .. b .. " " .. next .. " " .. last
  end
  print(size, packsize("i" .. size), table.concat(text, " | "))
end
for _, format in ipairs({ "b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "f", "d", "n" }) do
  local packed = pack("<" .. format, 77)
  io.write(format, ":", packsize(format), ":", hex(packed), ":", tostring((unpack("<" .. format, packed))), " ")
end
print()
print(unpack("<i8", pack("<i8", math.mininteger)), unpack(">j", pack(">j", math.maxinteger)), unpack("<B", "\255"), unpack("<b", "\255"), unpack("<H", "\255\255"))

-- Floats, strings of each kind, padding, alignment, positions.
for _, x in ipairs({ 0.0, -0.0, 1.5, -1 / 3, 1e300, 1 / 0, -1 / 0, 5e-324, 2 ^ 53 }) do
  print(x, hex(pack(">d", x)), hex(pack("<f", x)), (unpack("<d", pack("<d", x))) == x, (unpack(">f", pack(">f", x))))
end
print(hex(pack("z", "zero")), hex(pack("s1", "one")), hex(pack("<s2", "two")), hex(pack(">s4", "")), hex(pack("c6", "fixed")), #pack("s", "size"))
print(unpack("z", "a\0b"), unpack("s1", "\3abcd"), unpack("c2", "xyz"), unpack("c0", ""), unpack("<s2", "\2\0hi"))
print(hex(pack("<!4 b i4 b i2 x b", 1, 2, 3, 4, 5)), hex(pack("<!8 b Xd d", 1, 2)), packsize("<!8 b Xd d i2 Xi4"), packsize("!2 b i8"), packsize("<b i8"), hex(pack("> i2 < i2 = b", 1, 1, 1)))
print(unpack("<!4 b i4 b i2 x b", pack("<!4 b i4 b i2 x b", 1, 2, 3, 4, 5)))
print(unpack("<i2", "\1\0\2\0\3\0", 3), unpack("<i2", "\1\0\2\0\3\0", -2), select("#", unpack("<i1i1i1", "abc")), unpack("", "abc", 2))
print(fails(pack, "i1", 200), fails(pack, "I1", -1), fails(pack, "i17", 1), fails(pack, "y", 1), fails(pack, "i", "x"), fails(pack, "c2", "abc"))
print(fails(pack, "z", "a\0b"), fails(pack, "s1", ("x"):rep(300)), fails(pack, "!3 i4", 1), fails(pack, "Xz"), fails(pack, "d"), fails(packsize, "s"), fails(packsize, "c2147483647c2147483647"))
print(fails(unpack, "i4", "abc"), fails(unpack, "z", "abc"), fails(unpack, "<i9", ("\255"):rep(8) .. "\1"), fails(unpack, "s1", "\9abc"), fails(unpack, "b", "a", 9))

-- rep, byte, char, reverse, sub, upper, lower, len.
print(("ab"):rep(3), ("ab"):rep(3, "-"), ("x"):rep(0), ("x"):rep(-1), (""):rep(1000000) == "", #("abc"):rep(1000, ", "), fails(string.rep, "x", 1 << 62))
print(("ABC"):byte(), ("ABC"):byte(2), ("ABC"):byte(-1), ("ABC"):byte(1, -1), ("ABC"):byte(9), select("#", ("ABC"):byte(2, 1)), ("\0\255"):byte(1, 2))
print(string.char(), string.char(76, 117, 97), #string.char(0, 0, 255), fails(string.char, 256), fails(string.char, -1), fails(string.byte), ("A"):byte(math.mininteger, math.maxinteger))
print((""):reverse(), ("stressed"):reverse(), ("a\0b"):reverse():byte(1, -1))
for _, range in ipairs({ { 2, 4 }, { -3, -1 }, { 0, 2 }, { 3, 2 }, { -100, 100 }, { 5, 5 }, { 6, 9 }, { math.mininteger, -4 }, { 2, math.maxinteger } }) do
  io.write("[", ("hello"):sub(range[1], range[2]), "] ")
end
print(("MiXed é 1"):upper(), ("MiXed É 1"):lower(), #"\u{20AC}\x41\65\z
   z", ("len"):len(), "a\
b" == "a\nb", [==[
long]]bracket]==], '\'' .. "\"", "\x7A\122\u{7A}")
print("a" < "b", "a" < "B", "" < "\0", "a\0a" < "a\0b", "10" < "9", "abc" <= "abc", "abc" > "abcd", ("x"):rep(41) == ("x"):rep(40) .. "x")

-- Records packed by the thousand, sorted as bytes, unpacked again.
local records = {}
for i = 1, 6000 do
  local key = i * 7919 % 6007
  records[i] = pack(">I4 d s1 z", key, key / 8, ("k"):rep(key % 5) .. key, ("%x"):format(key):reverse())
end
table.sort(records)
local sum, bytes = 0, 0
for i, record in ipairs(records) do
  local key, eighth, long, short, next = unpack(">I4 d s1 z", record)
  sum = (sum * 31 + key * i + math.tointeger(eighth * 8) + #long + tonumber(short:reverse(), 16) + next) % 1000000007
  for _, b in ipairs({ record:byte(1, 8) }) do bytes = (bytes ~ b << (i % 8)) & 0xffff end
end
print(#records, sum, bytes)
