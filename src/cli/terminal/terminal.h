#pragma once

#include <mutex>
#include <string_view>

namespace fmnist {

/// Whether text on this descriptor may carry colour: NO_COLOR and TERM=dumb forbid it,
/// CLICOLOR_FORCE demands it, else a terminal outside CI gets it.
bool wants_color(int descriptor);

/// Whether a line on this descriptor can be drawn again in place: a terminal other than TERM=dumb.
bool can_redraw(int descriptor);

/// Whether CI runs this program: its terminals only collect lines.
bool in_ci();

/// The width and height of the terminal, now; 80 and 24 when it does not say.
int terminal_columns(int descriptor);
int terminal_rows(int descriptor);

/// Held by who writes to the terminal: a bar and the log may do so on different threads.
std::mutex& terminal_mutex();

/// Draws `text` from the cursor on, on standard error, unless the program is in the background; it
/// must bring the cursor back.
void draw_at_cursor(std::string_view text);

/// Erases what was drawn, if anything, before something else is written to the terminal; the next
/// drawing brings it back. A signal handler may call it.
void erase_bar();

}  // namespace fmnist
