#pragma once

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

}  // namespace fmnist
