#include "report/heat_table.h"

#include "fmnist/core/text.h"
#include "report/html.h"

namespace fmnist {
namespace {

constexpr double kDarkGround = 0.7;  // from this strength on the text changes its colour

std::string draw(const HeatCell& cell) {
  const bool right = cell.hue == HeatCell::Hue::kRight;
  std::string css_class = right ? "right" : "wrong";
  if (right && cell.strength >= kDarkGround) css_class += " strong";
  if (cell.marked) css_class += " marked";
  return element(
      "td",
      {{"class", css_class}, {"style", "--heat:" + fixed(cell.strength, 3)}, {"title", cell.tip}},
      escape(cell.text));
}

}  // namespace

std::string draw(const HeatTable& table) {
  std::string heads = element("th", {{"class", "corner"}, {"scope", "col"}},
                              escape(table.row_name) + " \xE2\x86\x93 " +
                                  element("span", {}, escape(table.column_name) + " \xE2\x86\x92"));
  for (const std::string& column : table.columns) {
    heads +=
        element("th", {{"scope", "col"}, {"class", table.upright_columns ? "upright" : "head"}},
                element("span", {}, escape(column)));
  }
  std::string rows;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    std::string cells = element("th", {{"scope", "row"}}, escape(table.rows[row]));
    for (const HeatCell& cell : table.cells[row]) cells += draw(cell);
    rows += element("tr", {}, cells) + "\n";
  }
  return element("div", {{"class", "scroll"}},
                 element("table", {{"class", "heat"}},
                         element("caption", {}, escape(table.caption)) + "\n" +
                             element("thead", {}, element("tr", {}, heads)) + "\n" +
                             element("tbody", {}, rows)));
}

}  // namespace fmnist
