#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fmnist {

/// What a terminal shows of the bytes it got: printing, wrapping, `\r`, `\n`, going up, erasing and
/// colours, which is all that the program may use.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}

  void feed(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      if (bytes[at] == '\r') {
        column_ = 0;
      } else if (bytes[at] == '\n') {
        next_row();
      } else if (bytes[at] == '\x1b') {
        const std::size_t end = bytes.find_first_of("ABCDHJKm", at);
        ASSERT_TRUE(end != std::string_view::npos && bytes.substr(at, 2) == "\x1b[") << bytes;
        if (bytes[end] == 'A') {
          const std::size_t rows = std::stoul(std::string(bytes.substr(at + 2, end - at - 2)));
          ASSERT_LE(rows, row_) << "above the top";
          row_ -= rows;
        } else if (bytes[end] == 'K') {
          erase_rest_of_row();
        } else if (bytes[end] != 'm') {
          ASSERT_EQ(bytes.substr(at, end - at + 1), "\x1b[J");
          rows_.resize(row_ + 1);
          erase_rest_of_row();
        }
        at = end;
      } else {
        put(bytes[at]);
      }
    }
  }

  /// Makes the terminal narrower, which wraps what is wider, as VTE and kitty do.
  void make_narrower(std::size_t columns) {
    std::vector<Row> wrapped;
    std::size_t cursor_row = 0;
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (row == row_) cursor_row = wrapped.size() + column_ / columns;
      const std::string& text = rows_[row].text;
      for (std::size_t at = 0; at == 0 || at < text.size(); at += columns) {
        const bool last = at + columns >= text.size();
        wrapped.push_back({text.substr(at, columns), last ? rows_[row].goes_on : true});
      }
    }
    rows_ = std::move(wrapped);
    row_ = cursor_row;
    column_ %= columns;
    columns_ = columns;
  }

  /// The lines from the top, wrapped rows put together again.
  std::string text() const {
    std::string text;
    for (const Row& row : rows_) text += row.text + (row.goes_on ? "" : "\n");
    return text.substr(0, text.find_last_not_of('\n') + 1) + "\n";
  }

  /// Whether the cursor stands at the start of an empty row below everything else.
  bool is_left_clean() const {
    return column_ == 0 && row_ + 1 == rows_.size() && rows_.back().text.empty();
  }

 private:
  struct Row {
    std::string text = {};
    bool goes_on = false;  // in the next row
  };

  void put(char letter) {
    if (column_ == columns_) {
      rows_[row_].goes_on = true;
      next_row();
      column_ = 0;
    }
    std::string& text = rows_[row_].text;
    text.resize(std::max(text.size(), column_ + 1), ' ');
    text[column_++] = letter;
  }

  void next_row() {
    if (++row_ == rows_.size()) rows_.emplace_back();
  }

  void erase_rest_of_row() {
    rows_[row_].text.resize(std::min(rows_[row_].text.size(), column_));
    rows_[row_].goes_on = false;
  }

  std::size_t columns_;
  std::vector<Row> rows_ = {Row{}};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
};

}  // namespace fmnist
