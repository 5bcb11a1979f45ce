#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "fmnist/engine/engine.h"

namespace fmnist {

/// `text` as it may stand between tags and in a quoted attribute; what is not UTF-8 or no printable
/// character becomes U+FFFD.
std::string escape(std::string_view text);

/// The directory's own name, also of "." and "runs/x/".
std::string name_of(const std::filesystem::path& directory);

/// "fused (avx2) on cpu, 2 threads"; without the last part where their number is 0.
std::string engine_text(const EngineInfo& engine);

/// The page's templates and its style sheet, by file name: files of this folder, which the build
/// puts into the program.
const std::map<std::string, std::string>& templates();

/// A page that needs nothing from elsewhere: page.html around the template `content`, filled with
/// `data`, whose texts are escaped (but for {{{name}}}). Null and false leave a section out. Throws
/// `std::logic_error` where a template names what `data` has not.
std::string render_page(const std::string& content, const nlohmann::json& data);

}  // namespace fmnist
