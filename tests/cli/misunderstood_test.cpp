#include "sluice/cli/misunderstood.hpp"

#include <gtest/gtest.h>

#include "cli/command.hpp"

namespace sluice::cli {
namespace {

/// The first line of what is said about a command line that makes no sense.
std::string said(std::vector<std::string> arguments) {
  const Ran ran = command(std::move(arguments));
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("--help shows"), std::string::npos) << ran.err;
  return ran.err.substr(0, ran.err.find('\n'));
}

TEST(Misunderstood, AWrongVerbBringsTheNearest) {
  EXPECT_EQ(said({"stauts"}), "sluice: there is no verb stauts; did you mean status?");
  EXPECT_EQ(said({"prom"}), "sluice: there is no verb prom; did you mean promote?");
  EXPECT_EQ(said({"help"}), "sluice: there is no verb help; did you mean --help?");
  EXPECT_EQ(said({"xyzzy"}).find("sluice: there is no verb xyzzy; there are check, "), 0U);
  EXPECT_EQ(said({}).find("sluice: what is to be done? Verbs are check, "), 0U);
  EXPECT_EQ(said({"--versoin"}), "sluice: there is no option --versoin; did you mean --version?");
}

TEST(Misunderstood, AWrongOptionBringsTheNearest) {
  EXPECT_EQ(said({"status", "--wat"}), "sluice status: there is no option --wat; did you mean --watch?");
  EXPECT_EQ(said({"status", "fraud", "--intervall=1s"}),
            "sluice status: there is no option --intervall; did you mean --interval?");
  EXPECT_EQ(said({"promote", "fraud", "--xyzzy"}), "sluice promote: there is no option --xyzzy");
}

TEST(Misunderstood, AWrongWordBringsThoseThatThereAre) {
  EXPECT_EQ(said({"status", "-o", "jsn"}), "sluice status: --output: jsn is none of text, json; did you mean json?");
  EXPECT_EQ(said({"status", "fraud", "--wait", "Promted"}).find("--wait: Promted is none of Idle, Pending, "), 15U);
}

TEST(Misunderstood, WhatIsMissingIsNamedWithAnExample) {
  const Ran ran = command({"promote"});
  EXPECT_EQ(ran.err,
            "sluice promote: a ROUTE is missing\n"
            "for example: sluice promote fraud; sluice promote --help shows all of it\n");
  EXPECT_EQ(said({"completion"}), "sluice completion: one of bash, zsh, fish is missing");
  EXPECT_EQ(said({"evaluate", "--policy", "v2"}), "sluice evaluate: a FILE is missing");
  EXPECT_EQ(said({"drain", "fraud", "--endpoint"}), "sluice drain: --endpoint needs HOST:PORT");
  EXPECT_EQ(said({"status", "--output"}), "sluice status: --output needs one of text, json");
}

TEST(Misunderstood, AnExampleIsShownWithoutWhatIsNotedBesideIt) {
  EXPECT_NE(command({"drain", "--xyzzy"}).err.find("for example: sluice drain --wait --if-running --timeout 45s; "),
            std::string::npos);
}

TEST(Misunderstood, WhatCannotBeANameIsNotAskedFor) {
  for (const char* verb : {"status", "journal", "promote", "disagreements"}) {
    EXPECT_EQ(said({verb, "a b"}), std::string("sluice ") + verb + ": route: \"a b\" is no name");
  }
}

TEST(Misunderstood, OneWordTooManyIsShown) {
  EXPECT_EQ(said({"schema", "extra"}), "sluice schema: extra is one word too many");
}

TEST(Misunderstood, HelpIsNoError) {
  const Ran ran = command({"status", "--help"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("--watch"), std::string::npos);
  EXPECT_EQ(ran.err, "");
}

}  // namespace
}  // namespace sluice::cli
