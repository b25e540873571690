io.write("before "); io.stdout:flush()
error("uncaught on purpose")
