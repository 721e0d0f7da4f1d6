---@meta _
-- program.meta: this process and other programs, for editors. Never loaded;
-- the rest of the module and the law are in core.meta.lua.
-- luacheck: ignore 212 241

---@class equinix.core
local core = {}

-- program/log_copy.c ---------------------------------------------------------

---Copies standard input to standard error, up to its end. What is not read
---within 0.1 s is dropped, in lines, and so is what comes until the reader
---reads again. SIGPIPE has to be ignored. Blocks this OS thread.
function core.copy_log() end

-- program/termination.c ------------------------------------------------------

---From now on the first SIGTERM or SIGINT asks this process to terminate. It
---has that many whole seconds for it; then it is ended, with status 0. The
---second signal ends it at once. Uses SIGALRM, and ignores SIGPIPE: a closed
---standard error does not end the process in the middle of its work. For a
---program that owns its signals, never for a library.
---@param seconds integer 1 to 3600
---@return true|nil
---@return string|nil message
function core.on_term(seconds) end

---Whether such a signal came since core.on_term.
---@return boolean
function core.termination_requested() end

-- program/signals.c ----------------------------------------------------------

---Signals that were ignored when this process started get their default effect
---again: TERM, CHLD, PIPE, ALRM, USR1 and USR2. No signal is blocked. Only a
---command calls this.
---@param hup? boolean HUP as well
---@return true|nil
---@return string|nil message
function core.default_signals(hup) end

-- program/child.c ------------------------------------------------------------

---A command that runs beside this program.
---@class equinix.child
local child = {}

---What has come of it so far; waits for nothing.
---@return string|false|nil output all of it at its end; false: it was more
---  than 64 KiB, and the command was ended; nil: it runs
---@return integer|nil code nil: a signal ended it, or the host took its end
---@return integer|nil signal
function child:look() end

---Ends it, and all that it has started; so does the garbage collector. On
---Linux the end of this program ends the command itself.
function child:stop() end

---Runs a command by /bin/sh: in a process group of its own, without input,
---its standard error dropped.
---@param command string
---@return equinix.child|nil
---@return string|nil name of the error, "EAGAIN"
function core.start_command(command) end

-- program/exec.c -------------------------------------------------------------

---This process becomes another program, with this environment and the three
---standard files. Returns only on failure; raises for anything but a list
---of 1 to 64 strings without NUL.
---@param argv string[] the path of the program (PATH is not searched), then
---  its arguments
---@return nil
---@return string message
function core.exec(argv) end

---No program that this process starts from now on inherits the file.
---@param file file* an open one of Lua's io; raises for anything else
---@return true|nil, string|nil message
function core.close_on_exec(file) end

-- program/stdio.c ------------------------------------------------------------

---What has arrived on standard input, 16 KiB at most. Reads past the buffer of
---io.stdin: use one of the two. Blocks this OS thread.
---@param seconds? number how long to wait; without it: for ever
---@return string|nil bytes "" at the end; nil: nothing came in that time
---@return string|nil message nil, message: it can't be read
function core.input(seconds) end

---Writes all of it to standard output, past the buffer of io.stdout: use one
---of the two. SIGPIPE has to be ignored. Blocks this OS thread until the other
---side reads.
---@param bytes string
---@return true|nil
---@return string|nil message
function core.output(bytes) end
