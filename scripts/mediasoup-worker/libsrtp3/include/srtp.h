// The calls of libsrtp 3 that the mediasoup worker makes, on top of libsrtp 2.
//
// Version 3 builds a policy behind a handle and takes the input and the output of protect and unprotect apart; version 2
// has a plain struct and works in place. Everything here lives in the namespace `srtp3`, and the macros at the end give
// the worker's unqualified names to it, so that both meanings of a name can be used inside this file.
#ifndef OPENDEEP_SRTP3_ON_SRTP2_H
#define OPENDEEP_SRTP3_ON_SRTP2_H

#include <srtp2/srtp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace srtp3 {

// Longest master key and salt of the four profiles: AEAD_AES_256_GCM has 32 and 12 bytes.
inline constexpr std::size_t kMaxKeyAndSalt = SRTP_MAX_KEY_LEN;

struct Policy {
  ::srtp_policy_t settings{};
  unsigned char keyAndSalt[kMaxKeyAndSalt]{};
};

using Handle = Policy*;

inline srtp_err_status_t create_policy(Handle* out) {
  *out = new (std::nothrow) Policy();
  return *out == nullptr ? srtp_err_status_alloc_fail : srtp_err_status_ok;
}

inline void destroy_policy(Handle policy) {
  delete policy;
}

inline srtp_err_status_t set_ssrc(Handle policy, srtp_ssrc_t ssrc) {
  policy->settings.ssrc = ssrc;
  return srtp_err_status_ok;
}

inline srtp_err_status_t set_profile(Handle policy, srtp_profile_t profile) {
  auto& settings = policy->settings;
  const auto rtp = srtp_crypto_policy_set_from_profile_for_rtp(&settings.rtp, profile);
  return rtp != srtp_err_status_ok ? rtp : srtp_crypto_policy_set_from_profile_for_rtcp(&settings.rtcp, profile);
}

// Key identifiers (MKI) are a feature the worker never asks for, so the last two arguments stay unused.
inline srtp_err_status_t add_key(Handle policy, const std::uint8_t* key, std::size_t keyLength,
                                 const std::uint8_t* salt, std::size_t saltLength, const std::uint8_t*, std::size_t) {
  if (keyLength + saltLength > kMaxKeyAndSalt) return srtp_err_status_bad_param;
  std::memcpy(policy->keyAndSalt, key, keyLength);
  std::memcpy(policy->keyAndSalt + keyLength, salt, saltLength);
  policy->settings.key = policy->keyAndSalt;
  return srtp_err_status_ok;
}

inline srtp_err_status_t set_allow_repeat_tx(Handle policy, bool allowed) {
  policy->settings.allow_repeat_tx = allowed ? 1 : 0;
  return srtp_err_status_ok;
}

inline srtp_err_status_t set_window_size(Handle policy, std::size_t packets) {
  policy->settings.window_size = packets;
  return srtp_err_status_ok;
}

inline srtp_err_status_t create_session(srtp_t* session, Handle policy) {
  return ::srtp_create(session, &policy->settings);
}

// Copies the packet to where the result is wanted and lets version 2 work there. `room` is the space behind `out` on the
// way in and the length of the result on the way out; version 2 does not check space, so `growth` is asked for up front.
template <class Transform>
inline srtp_err_status_t in_place(Transform transform, srtp_t session, const std::uint8_t* in, std::size_t length,
                                  std::uint8_t* out, std::size_t* room, std::size_t growth) {
  if (*room < length + growth) return srtp_err_status_bad_param;
  if (in != out) std::memmove(out, in, length);
  int size = static_cast<int>(length);
  const srtp_err_status_t status = transform(session, out, &size);
  *room = static_cast<std::size_t>(size);
  return status;
}

inline srtp_err_status_t protect(srtp_t session, const std::uint8_t* in, std::size_t length, std::uint8_t* out,
                                 std::size_t* room, std::size_t) {
  return in_place(::srtp_protect, session, in, length, out, room, SRTP_MAX_TRAILER_LEN);
}

inline srtp_err_status_t protect_rtcp(srtp_t session, const std::uint8_t* in, std::size_t length, std::uint8_t* out,
                                      std::size_t* room, std::size_t) {
  // RTCP packets carry their own index behind the payload, four bytes more than the trailer.
  return in_place(::srtp_protect_rtcp, session, in, length, out, room, SRTP_MAX_TRAILER_LEN + sizeof(std::uint32_t));
}

inline srtp_err_status_t unprotect(srtp_t session, const std::uint8_t* in, std::size_t length, std::uint8_t* out,
                                   std::size_t* room) {
  return in_place(::srtp_unprotect, session, in, length, out, room, 0);
}

inline srtp_err_status_t unprotect_rtcp(srtp_t session, const std::uint8_t* in, std::size_t length, std::uint8_t* out,
                                        std::size_t* room) {
  return in_place(::srtp_unprotect_rtcp, session, in, length, out, room, 0);
}

inline srtp_err_status_t remove_stream(srtp_t session, std::uint32_t ssrc) {
  return ::srtp_remove_stream(session, ssrc);
}

}  // namespace srtp3

// Statuses of version 3 that the worker names in its table of messages. Version 2 never returns them; the values only
// have to differ from its own.
inline constexpr auto srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(0x3001);
inline constexpr auto srtp_err_status_cryptex_err = static_cast<srtp_err_status_t>(0x3002);

#define srtp_policy_t srtp3::Handle
#define srtp_policy_create srtp3::create_policy
#define srtp_policy_destroy srtp3::destroy_policy
#define srtp_policy_set_ssrc srtp3::set_ssrc
#define srtp_policy_set_profile srtp3::set_profile
#define srtp_policy_add_key srtp3::add_key
#define srtp_policy_set_allow_repeat_tx srtp3::set_allow_repeat_tx
#define srtp_policy_set_window_size srtp3::set_window_size
#define srtp_create srtp3::create_session
#define srtp_protect srtp3::protect
#define srtp_protect_rtcp srtp3::protect_rtcp
#define srtp_unprotect srtp3::unprotect
#define srtp_unprotect_rtcp srtp3::unprotect_rtcp
#define srtp_stream_remove srtp3::remove_stream

#endif
