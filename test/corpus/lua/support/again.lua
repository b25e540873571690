-- again.lua <script> <times>: runs a script again and again, so that there is time to recompile what runs it.
local script, times = arg[1], tonumber(arg[2])
for i = 1, times do dofile(script) end
