-- io and os: files, formats of reading, seeking, buffering, temporary names, removal, a pipe.
local name = os.tmpname()
local f = assert(io.open(name, "w"))
print(io.type(f), io.type(42), f:write("first line\n", 42, " ", 3.5, "\nthird\n", "no end") == f)
print(f:close(), io.type(f), pcall(f.write, f, "x"))
for line in io.lines(name) do io.write("[", line, "]") end
print()
for a, b in io.lines(name, 1, "L") do io.write(a, "/", b) end
print()
f = assert(io.open(name, "r+"))
print(f:read("l", "n", "n", "l", "L", "a", "a", "l"))
print(f:seek("set", 6), f:read(4), f:seek("cur"), f:seek("end"), f:read(1), f:read(0), f:read("a"))
f:seek("set", 0); f:write("FIRST"); f:seek("set", 0); print(f:read("a")); f:close()
f = assert(io.open(name, "a")); f:setvbuf("full", 1024); f:write(" appended"); f:flush(); f:close()
f = assert(io.open(name, "rb")); print(#f:read("a")); f:close()
print(select(2, io.open("/no/such/folder/file")), pcall(io.lines, "/no/such/file"), pcall(io.open, name, "z"))
io.output(name); io.write("by default\n"); io.close(); io.output(io.stdout)
io.input(name); print(io.read("L")); io.close(io.input()); io.input(io.stdin)
local other = name .. ".renamed"
print(os.rename(name, other), io.open(name), os.remove(other), (select(2, os.remove(other)):gsub("^.-: ", "")))
local p = assert(io.popen("echo from a pipe; exit 3")); print(p:read("a"), p:close())
print(os.execute("exit 5"), os.execute() ~= nil)
local t = io.tmpfile(); t:write(("x"):rep(100000)); t:seek("set"); local n = 0
while true do local block = t:read(4096); if not block then break end; n = n + #block end
print(n); t:close()
print(tostring(f):match("^file %(closed%)$"), io.type(io.stdout), io.stderr ~= nil)
do local g <close> = assert(io.open("/dev/null", "w")); print(g:write("gone") == g) end
