// Ciliumjudge says which connections network policies allow, by Cilium's policy code.
//
// Input and output are those of package networkworld. An ipBlock never covers a pod there, so a world with
// ipblock_matches_pods true is an error. Policies are parsed as Cilium's agent does it, each pod gets its endpoint
// policy once, and a connection is looked up in those of its two ends, as policy.LookupFlow does it; that function
// itself computes both policies for each connection.
package main

import "floe.dev/tests/tools/networkworld"

func main() {
	configure()
	networkworld.Main("ciliumjudge", judge)
}
