#include "fmnist/core/digest.h"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "fmnist/core/error.h"
#include "fmnist/core/text.h"

namespace fmnist {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

namespace {

void check(int openssl_result) {
  if (openssl_result != 1) throw Error(ErrorKind::kRuntime, "libcrypto could not compute SHA-256");
}

}  // namespace

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  if (impl_->context == nullptr) throw std::bad_alloc();
  check(EVP_DigestInit_ex(impl_->context, EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

Sha256& Sha256::update(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()));
  return *this;
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  check(EVP_DigestFinal_ex(impl_->context, digest.data(), &length));
  return fmnist::hex(std::span(digest).first(length));
}

std::string sha256_hex(std::span<const std::byte> bytes) { return Sha256().update(bytes).hex(); }

}  // namespace fmnist
