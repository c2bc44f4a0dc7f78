// The interactive prompt.
#pragma once

namespace aspy {
class Session;
}

namespace aspy::shell {

// Reads, runs and prints until the input ends or the program exits; returns the exit code. `banner`: say what
// this is first (not after a script with -i).
int run_repl(Session& session, bool banner);

} // namespace aspy::shell
