#include "report/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "report/sample_content.h"
#include "report/sections.h"
#include "sweep/sample_sweep.h"

namespace fmnist {
namespace {

using ::testing::HasSubstr;

TEST(Escape, EscapesWhatHasAMeaningInTextAndAttributes) {
  EXPECT_EQ(escape("<a href=\"x\">R&D's</a>"),
            "&lt;a href=&quot;x&quot;&gt;R&amp;D&apos;s&lt;/a&gt;");
}

TEST(Escape, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(escape("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(escape("a\xFF"
                   "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(escape("cut\xC3"), "cut\xEF\xBF\xBD");
}

TEST(Escape, ReplacesControlCharacters) {
  EXPECT_EQ(escape(std::string("a\0b\x1b\x7f\n", 6)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(RenderPage, MakesAWholeFile) {
  const std::string html = render_page("run.html", report_data(sample_content()));
  EXPECT_TRUE(html.starts_with("<!DOCTYPE html>\n"));
  EXPECT_TRUE(html.ends_with("</html>\n"));
}

TEST(RenderPage, RefusesATemplateThatNamesWhatHasNoValue) {
  nlohmann::json data = report_data(sample_content());
  EXPECT_NO_THROW(render_page("run.html", data));
  data.erase("accuracy");
  try {
    render_page("run.html", data);
    FAIL() << "the page has an empty place";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'accuracy'"));
  }
}

/// The names of all members of `value` and of what is in it.
void add_names(const nlohmann::json& value, std::set<std::string>& names) {
  for (const auto& [name, member] : value.items()) {
    if (value.is_object()) names.insert(name);
    if (member.is_structured()) add_names(member, names);
  }
}

TEST(Templates, NameOnlyWhatHasAValueAlsoInPartsThatAreRarelyShown) {
  std::set<std::string> names = {".", "content"};
  SavedSweep sweep = sample_sweep(sample_plan({"lr=0.01,0.02"}));
  sweep.finals.resize(2);
  for (TrialRecord& record : sweep.finals) record.figures = Metrics{0.25, 0.75};
  ReportContent content = sample_content();
  content.shifts = ShiftGrid{2, std::vector<double>(25, 0.5)};
  add_names(report_data(content), names);
  add_names(sweep_data(sweep), names);
  for (const auto& [file, text] : templates()) names.insert(file);
  const std::regex tag(R"(\{\{\{?([#^/>&!]?) *([^}]*?) *\}\})");
  std::size_t found = 0;
  for (const auto& [file, text] : templates()) {
    for (std::sregex_iterator at(text.begin(), text.end(), tag), end; at != end; ++at) {
      if ((*at)[1] == "!") continue;
      ++found;
      std::istringstream path((*at)[2]);  // "best.name"
      for (std::string name; !names.contains((*at)[2]) && std::getline(path, name, '.');)
        EXPECT_TRUE(names.contains(name)) << file << ": " << at->str();
    }
  }
  EXPECT_GT(found, 200u);
}

}  // namespace
}  // namespace fmnist
