# complete.zsh FOLDER LINE: what zsh makes of a line and Tab, with the completions of a folder.
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PS1= PS2= TERM=dumb; unsetopt zle_bracketed_paste beep; fpath=($1 \$fpath); autoload -U compinit; compinit -D -u; zstyle ':completion:*' menu no; bindkey '^I' complete-word; show() { print -r -- \"<<\$BUFFER>>\"; zle kill-buffer; zle accept-line; }; zle -N show; bindkey '^X' show; print READY"
read_until() {
    local line
    repeat 200; do
        if zpty -r -t shell line; then said+=$line; [[ $said == *$~1* ]] && return 0; else sleep 0.02; fi
    done
    return 1
}
said=
read_until $'*\nREADY*' || read_until '*READY*'
said=
zpty -n -w shell "$2"$'\t'$'\x18'
read_until '*\<\<*\>\>*'
print -r -- "${${said##*<<}%%>>*}"
zpty -d shell
