#include "fmnist/core/digest.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {

std::string sha256_hex(std::span<const std::byte> bytes) { return sha256_hex_of({bytes}); }

std::string sha256_hex_of(const std::vector<std::span<const std::byte>>& pieces) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  bool fine = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const auto piece : pieces)
    fine = fine && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (!fine || EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1)
    throw Error(ErrorKind::kRuntime, "libcrypto could not compute SHA-256");
  return hex(std::span(digest).first(length));
}

}  // namespace fmnist
