// Cyclonusjudge says which connections network policies allow, by the matcher of cyclonus.
//
// Input and output are those of package networkworld. Of the documented differences between cyclonus and Kubernetes
// these are evened out here:
//   - NotIn does not match an absent key, and matchLabels with an empty value does: selectors are evaluated by
//     Kubernetes' own code first, and cyclonus gets lists of what they select.
//   - An ipBlock covers pods: where it must not, it is replaced by a selector of nothing.
//   - A port of a connection has one name: where a pod gives it several, each is tried.
//
// Most invalid policies make cyclonus panic, which is the world's error.
package main

import "floe.dev/tests/tools/networkworld"

func main() {
	networkworld.Main("cyclonusjudge", judge)
}
