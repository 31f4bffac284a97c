// The part of ankerl::unordered_dense that the mediasoup worker uses, on the standard library's containers. They are
// slower, which bandwidth for video would notice and a few telephone streams do not.
#ifndef OPENDEEP_UNORDERED_DENSE_H
#define OPENDEEP_UNORDERED_DENSE_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense {

template <class Key>
struct hash : std::hash<Key> {};

template <class Key, class Value, class Hash = hash<Key>, class Equal = std::equal_to<Key>>
using map = std::unordered_map<Key, Value, Hash, Equal>;

template <class Key, class Hash = hash<Key>, class Equal = std::equal_to<Key>>
using set = std::unordered_set<Key, Hash, Equal>;

}  // namespace ankerl::unordered_dense

#endif
