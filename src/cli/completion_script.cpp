#include "sluice/cli/completion.hpp"

namespace sluice::cli {

namespace {

// Each hands over the words in front of the cursor and gets one candidate per line, its help behind a tab; a line
// `:files` asks for names of files. So what is offered is always what the program that is there understands.

constexpr const char* kBash = R"(# Completion of sluice for bash: source <(sluice completion bash)
_sluice() {
  local line cut current words=() typed="${COMP_LINE:0:COMP_POINT}"
  read -ra words <<<"$typed"
  case $typed in *[[:space:]]) words+=("") ;; esac
  current=${words[${#words[@]}-1]}
  # Bash takes words apart at these; only what is behind the last of them is put in.
  cut=${current%"${current##*[:=]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = :files ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${current#"$cut"}")
    else
      line=${line%%$'\t'*}
      COMPREPLY+=("${line#"$cut"}")
    fi
  done < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
}
complete -F _sluice sluice
)";

constexpr const char* kZsh = R"(#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh), or save it as _sluice in a folder of $fpath
_sluice() {
  local line files=0
  local -a offers
  for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      ('') ;;
      (:files) files=1 ;;
      (*) offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( ${#offers} )) && _describe -t sluice sluice offers
  (( files )) && _files
}
if [ "${funcstack[1]}" = _sluice ]; then _sluice "$@"; else compdef _sluice sluice; fi
)";

constexpr const char* kFish = R"(# Completion of sluice for fish: sluice completion fish | source
function __sluice_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c sluice -f -a '(__sluice_complete)'
)";

}  // namespace

std::string completion_script(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : "";
}

}  // namespace sluice::cli
