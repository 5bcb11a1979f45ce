// Transpositions between "one image per lane" and "image by image", and the images' way in.
#if defined(FMNIST_FUSED_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FMNIST_FUSED_TRANSPOSE_INL_H_
#undef FMNIST_FUSED_TRANSPOSE_INL_H_
#else
#define FMNIST_FUSED_TRANSPOSE_INL_H_
#endif

#include "engine/fused/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fmnist {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
/// One of four perfect shuffles that together transpose 16×16 bytes.
template <class V8>
HWY_INLINE void shuffle_bytes(V8 (&rows)[16]) {
  const hn::Full128<std::uint8_t> d;
  V8 next[16];
  FMNIST_UNROLL for (std::size_t i = 0; i < 8; ++i) {
    next[2 * i] = hn::InterleaveLower(d, rows[i], rows[i + 8]);
    next[2 * i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + 8]);
  }
  FMNIST_UNROLL for (std::size_t i = 0; i < 16; ++i) rows[i] = next[i];
}
#endif

/// Transposes 16×16 bytes: row i comes from `from[i]`, row i goes to `to + i * pitch`.
HWY_INLINE void transpose_bytes(const std::uint8_t* const* from, std::uint8_t* HWY_RESTRICT to,
                                std::size_t pitch) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t j = 0; j < 16; ++j) to[i * pitch + j] = from[j][i];
  }
#else
  const hn::Full128<std::uint8_t> d;
  hn::Vec<hn::Full128<std::uint8_t> > rows[16];
  FMNIST_UNROLL for (std::size_t i = 0; i < 16; ++i) rows[i] = hn::LoadU(d, from[i]);
  FMNIST_UNROLL for (std::size_t pass = 0; pass < 4; ++pass) shuffle_bytes(rows);
  FMNIST_UNROLL for (std::size_t i = 0; i < 16; ++i) hn::StoreU(rows[i], d, to + i * pitch);
#endif
}

/// Transposes floats: `rows` (a multiple of four) rows of sixteen lanes at `from + row *
/// from_pitch` become sixteen rows of as many floats at `to + lane * to_pitch`.
HWY_INLINE void transpose_floats(const float* HWY_RESTRICT from, std::size_t from_pitch,
                                 std::size_t rows, float* HWY_RESTRICT to, std::size_t to_pitch) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t lane = 0; lane < kGroup; ++lane) {
      to[lane * to_pitch + row] = from[row * from_pitch + lane];
    }
  }
#else
  // In blocks of 4×4: one 128-bit block of the vectors for each four lanes.
  const D d;
  const hn::Repartition<std::uint64_t, D> d64;
  const hn::Full128<float> d4;
  for (std::size_t row = 0; row < rows; row += 4) {
    for (std::size_t lane = 0; lane < kGroup; lane += kN) {
      const float* const source = from + row * from_pitch + lane;
      const V a = hn::Load(d, source);
      const V b = hn::Load(d, source + from_pitch);
      const V c = hn::Load(d, source + 2 * from_pitch);
      const V e = hn::Load(d, source + 3 * from_pitch);
      const auto ab_low = hn::BitCast(d64, hn::InterleaveLower(d, a, b));
      const auto ab_high = hn::BitCast(d64, hn::InterleaveUpper(d, a, b));
      const auto ce_low = hn::BitCast(d64, hn::InterleaveLower(d, c, e));
      const auto ce_high = hn::BitCast(d64, hn::InterleaveUpper(d, c, e));
      HWY_ALIGN float transposed[4][kN];
      hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, ab_low, ce_low)), d, transposed[0]);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, ab_low, ce_low)), d, transposed[1]);
      hn::Store(hn::BitCast(d, hn::InterleaveLower(d64, ab_high, ce_high)), d, transposed[2]);
      hn::Store(hn::BitCast(d, hn::InterleaveUpper(d64, ab_high, ce_high)), d, transposed[3]);
      float* const target = to + lane * to_pitch + row;
      FMNIST_UNROLL for (std::size_t block = 0; block < kN; block += 4) {
        FMNIST_UNROLL for (std::size_t i = 0; i < 4; ++i) {
          hn::StoreU(hn::Load(d4, transposed[i] + block), d4, target + (block + i) * to_pitch);
        }
      }
    }
  }
#endif
}

/// (pixel / 255 - mean) / std, as one multiplication and one addition.
template <class VB>
HWY_INLINE V normalise(VB bytes) {
  const D d;
  const auto value = hn::ConvertTo(d, hn::PromoteTo(DI(), bytes));
  return hn::MulAdd(value, hn::Set(d, static_cast<float>(1.0 / (255.0 * kPixelStd))),
                    hn::Set(d, static_cast<float>(-kPixelMean / kPixelStd)));
}

void load_pixels(const std::uint8_t* const* images, Workspace& work) {
  static_assert(kImagePixels % 16 == 0);
  for (std::size_t first = 0; first < kImagePixels; first += 16) {
    const std::uint8_t* from[kGroup];
    for (std::size_t lane = 0; lane < kGroup; ++lane) from[lane] = images[lane] + first;
    HWY_ALIGN std::uint8_t transposed[16][kGroup];
    transpose_bytes(from, transposed[0], kGroup);
    for (std::size_t row = 0; row < 16; ++row) {
      for (std::size_t lane = 0; lane < kGroup; lane += kN) {
        hn::Store(normalise(hn::LoadU(DB(), transposed[row] + lane)), D(),
                  work.pixels[first + row] + lane);
      }
    }
  }
}

/// One image's normalised pixels in rows of `kImagePitch`; the columns beyond 28 are finite.
HWY_INLINE void load_image(const std::uint8_t* HWY_RESTRICT pixels, float (*image)[kImagePitch]) {
  const D d;
  for (std::size_t y = 0; y < kImageSide; ++y) {
    const std::uint8_t* const row = pixels + y * kImageSide;
    // Vectors at columns 0 to 15 and, overlapping, 12 to 27.
    for (std::size_t x = 0; x < 16; x += kN) {
      hn::StoreU(normalise(hn::LoadU(DB(), row + x)), d, image[y] + x);
    }
    for (std::size_t x = 12; x < kImageSide; x += kN) {
      hn::StoreU(normalise(hn::LoadU(DB(), row + x)), d, image[y] + x);
    }
  }
}

HWY_INLINE void transpose_route1(Workspace& work) {
  // Unused lanes of the packed half rows carry no gradient.
  static constexpr std::uint8_t kOff = kRouteInactive;
  static constexpr std::uint8_t kNothing[kGroup] = {kOff, kOff, kOff, kOff, kOff, kOff, kOff, kOff,
                                                    kOff, kOff, kOff, kOff, kOff, kOff, kOff, kOff};
  constexpr std::size_t kPitch = sizeof(work.route1_rows[0]);
  const std::uint8_t* from[16];
  for (auto& row : from) row = kNothing;
  for (std::size_t pixel = 0; pixel < kPool1Pixels; ++pixel) {
    for (std::size_t c = 0; c < kConv1Channels; ++c) from[c] = work.route1[c][pixel];
    // Six bytes too many per pixel: the next pixel overwrites them.
    transpose_bytes(from,
                    work.route1_rows[0] + pixel / kPackedPixels * kPackedLanes +
                        pixel % kPackedPixels * kConv1Channels,
                    kPitch);
  }
}

void transpose_activations(Workspace& work) {
  transpose_route1(work);
  // Channels 8 and 9 and two of nothing are the third block of four.
  constexpr std::size_t kChannelPitch = kPool1Pixels * kGroup;
  constexpr std::size_t kImageFloats = kPool1Pitch * 16;
  HWY_ALIGN float last[4][kGroup] = {};
  for (std::size_t pixel = 0; pixel < kPool1Pixels; ++pixel) {
    float* const to = work.pool1_rows[0][pixel];
    transpose_floats(work.pool1[0][pixel], kChannelPitch, 8, to, kImageFloats);
    for (std::size_t lane = 0; lane < kGroup; lane += kN) {
      hn::Store(hn::Load(D(), work.pool1[8][pixel] + lane), D(), last[0] + lane);
      hn::Store(hn::Load(D(), work.pool1[9][pixel] + lane), D(), last[1] + lane);
    }
    transpose_floats(last[0], kGroup, 4, to + 8, kImageFloats);
  }
  transpose_floats(work.pool2[0], kGroup, kFeatures, work.pool2_rows[0], kFeatures);
  for (std::size_t first = 0; first < kFeatures; first += 16) {
    const std::uint8_t* from[16];
    for (std::size_t i = 0; i < 16; ++i) from[i] = work.route2[first + i];
    transpose_bytes(from, work.route2_rows[0] + first, kFeatures);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace fmnist
HWY_AFTER_NAMESPACE();

#endif  // toggle
