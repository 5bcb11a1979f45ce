#include "report/html.h"

#include <gtest/gtest.h>

namespace fmnist {
namespace {

TEST(Html, EscapesWhatHasAMeaningInTextAndAttributes) {
  EXPECT_EQ(escape("<a href=\"x\">R&D's</a>"),
            "&lt;a href=&quot;x&quot;&gt;R&amp;D&#39;s&lt;/a&gt;");
}

TEST(Html, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(escape("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(escape("a\xFF"
                   "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(escape("cut\xC3"), "cut\xEF\xBF\xBD");
}

TEST(Html, ReplacesControlCharacters) {
  EXPECT_EQ(escape(std::string("a\0b\x1b\x7f\n", 6)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Html, EscapesAttributesButNotContent) {
  EXPECT_EQ(element("p", {{"title", "\"&\""}, {"class", "x"}}, "<b>bold</b>"),
            "<p title=\"&quot;&amp;&quot;\" class=\"x\"><b>bold</b></p>");
  EXPECT_EQ(void_element("img", {{"alt", "<"}}), "<img alt=\"&lt;\">");
}

}  // namespace
}  // namespace fmnist
