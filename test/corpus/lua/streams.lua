-- The io library on temporary files: read formats, lines, seek, write, buffering, closing, defaults, a pipe.
local function clean(message) return (tostring(message):gsub("^.-:%d+: ", "")) end
local name = os.tmpname()
local function hide(message) return (clean(message):gsub(name, "FILE", 1):gsub("%(0x%x+%)", "(ADDRESS)")) end
local function fails(f, ...) local ok, e = pcall(f, ...); return "{" .. (ok and "no error" or hide(e)) .. "}" end
local function put(text, mode) local f <close> = assert(io.open(name, mode or "w")); assert(f:write(text)) end

-- Writing, and reading it in every format.
local out = assert(io.open(name, "w"))
print(io.type(out), out:write("first line\n", 42, " ", 1.5, " 0x1F -7e2\n", "\n", "last without end") == out, out:close(), io.type(out), io.type(5))
local f = assert(io.open(name))
print(f:read(), f:read("n", "n", "n", "n"))
print(#f:read("L"), f:read("l") == "", f:read(4), f:read(0), f:read("a"), f:read("a"), f:read("l"), f:read("n"), f:read(0), f:read(1))
print(f:seek("set", 6), f:read("l"), f:seek("cur"), f:seek("end", -3), f:read("a"), f:seek("set"), f:read("L", 2, "l", "a"))
print(f:close(), fails(f.read, f), fails(f.close, f), fails(io.lines, name, "x"), select("#", f))
put("0x 1e+ nan 0x.p1 +5 -.5e1x  99999999999999999999 \n 0xffffffffffffffffff 1.2.3")
f = io.open(name)
for _ = 1, 3 do print(f:read("n"), f:read("l")) f:seek("cur", 0) end
for _, text in ipairs({ "12abc", "  -0x1p4 z", "1e5,", "+.25;", ".", "", ("1"):rep(250) }) do
  put(text)
  local g <close> = io.open(name)
  io.write(tostring(g:read("n")), ":", tostring(g:read("a")):sub(1, 5), " ")
end
print()
f:close()

-- lines: of a name, of a handle, with formats; files that close at the end.
put("a b\nc d\n\ne")
for l in io.lines(name) do io.write("[", l, "]") end
for l in io.lines(name, "L") do io.write("(", (l:gsub("\n", "/")), ")") end
for one, two in io.lines(name, 1, 2) do io.write(one:byte(), "+", tostring(two and #two), " ") end
print()
f = io.open(name)
for l in f:lines() do if l == "" then break end end
print(f:read("a"), io.type(f), f:close())
local each = io.lines(name)
for _ = 1, 4 do each() end
print(each(), fails(each), fails(io.lines, name .. ".absent"))

-- Modes, appending, updating in place, errors as values.
put("0123456789")
put("abc", "a")
f = io.open(name, "r+")
f:write("XY"); f:seek("set", 5); f:write("Z"); f:seek("set", 0)
print(f:read("a"), f:seek("end"), f:close())
local missing, message, code = io.open(name .. ".absent")
print(missing, hide(message), code, fails(io.open, name, "rz"), select(2, pcall(io.open, name, "rb+")) ~= nil)
f = io.open(name, "r")
local failed, why, number = f:write("no")
print(failed, why, number, f:close())
f = io.open(name, "w")
print(f:read("a") == nil, f:setvbuf("no"), f:setvbuf("full", 1024), f:setvbuf("line"), fails(f.setvbuf, f, "odd"), f:write("kept") == f, f:flush() == f)
print(io.open(name):read("a"), tostring(f):match("^file %(") , f:close(), tostring(f))

-- Default input and output.
local stdin, stdout = io.input(), io.output()
print(stdin == io.stdin, stdout == io.stdout, io.type(io.stderr))
io.output(name); io.write("by default\n", 7, "\n"):write("chained\n"); io.close(); io.output(stdout)
io.input(name)
print(io.read("L", "n"), io.read(), io.read("a"), io.read("l"))
io.close(io.input()); io.input(stdin)
print(fails(io.input, name .. ".absent"), fails(io.write, {}), fails(io.stdout.write, name))

-- A pipe, a temporary file without a name, handles that close themselves.
local pipe = io.popen("echo through a pipe; exit 3")
print(pipe:read("a"), pipe:close())
print(fails(io.popen, "echo", "x"))
local unnamed = io.tmpfile()
unnamed:write(("line of text\n"):rep(3)); unnamed:seek("set", 5)
print(unnamed:read("l"), unnamed:seek(), unnamed:close())
do local closing <close> = io.open(name); f = closing end
print(io.type(f), getmetatable(f).__name, f == f, pcall(f.seek, f) == false)

-- Thousands of lines written, read and summed, line by line, by blocks and by numbers.
local lines, sum = 3000, 0
f = io.open(name, "w")
f:setvbuf("full", 512)
for i = 1, lines do f:write(i, " ", ("x"):rep(i % 13), " ", i / 4, "\n") end
f:close()
for l in io.lines(name) do local n, x, q = l:match("^(%d+) (x*) (%S+)$"); sum = (sum * 31 + n + #x + math.floor(q * 4)) % 1000003 end
f = io.open(name, "rb")
local bytes, blocks = 0, 0
repeat local block = f:read(777); if block then blocks = blocks + 1; bytes = bytes + #block end until not block
f:seek("set")
for i = 1, lines do sum = (sum + f:read("n")) % 1000003; f:read("l"); if i % 100 == 0 then f:seek("cur", 0) end end
print(sum, blocks, bytes, f:seek("end") == bytes, f:close(), os.remove(name))
