#include "report/page.h"

#include <system_error>

#include "report/html.h"
#include "report/stylesheet.h"

namespace fmnist {
namespace {

/// No script, nothing from elsewhere: a browser is told to hold us to it.
constexpr const char* kPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

std::string contents(const std::vector<Section>& sections) {
  std::string links;
  for (const Section& section : sections)
    links += element("a", {{"href", "#" + std::string(section.id)}}, escape(section.title)) + "\n";
  return element("nav", {{"aria-label", "Contents"}}, links) + "\n";
}

}  // namespace

std::string name_of(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::path whole = std::filesystem::absolute(directory, ignored).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  const std::string name = whole.filename().string();
  return name.empty() ? directory.string() : name;
}

std::string tile(const std::string& value, const std::string& name) {
  return element("li", {},
                 element("strong", {}, escape(value)) + element("span", {}, escape(name)));
}

std::string page_of(const std::string& name, const std::string& head,
                    const std::vector<Section>& sections, const std::string& foot) {
  std::string body = head + contents(sections);
  for (const Section& section : sections) {
    body += element("section", {{"id", std::string(section.id)}},
                    element("h2", {}, escape(section.title)) + "\n" + section.body) +
            "\n";
  }
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
         void_element("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", kPolicy}}) +
         void_element("meta",
                      {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
         void_element("meta", {{"name", "color-scheme"}, {"content", "light dark"}}) +
         void_element("link", {{"rel", "icon"}, {"href", "data:,"}}) +
         element("title", {}, escape(name) + " \xC2\xB7 fmnist-train report") + "\n<style>\n" +
         std::string(kStylesheet) + "</style>\n</head>\n" +
         element("body", {}, element("main", {}, "\n" + body + foot) + "\n") + "\n</html>\n";
}

}  // namespace fmnist
