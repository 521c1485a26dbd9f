package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A follow-up is known by its words: lists of phrases in the languages below, compared with the text in lower case,
// without punctuation and emoji and with single spaces. What a list can't tell is left to the classifier; a phrase that
// could also be a whole new request ("why?", "more") is in no list. Only short texts are looked at.
const (
	followUpBytes = 96
	// switchWords is how many words may follow "now in" and its like: "now in Go please", "and in French".
	switchWords = 4
)

// thanks are bare acknowledgements.
var thanks = phrases(`
thanks|thank you|thank you so much|thank you very much|thanks a lot|thanks so much|many thanks|thx|ty|ok thx|k thx|thx a lot|worked cheers|tysm|cheers|great thanks
ok thanks|okay thanks|perfect thanks|perfect thank you|great thank you|ok thank you|got it thanks|thanks that helps|awesome thanks|nice thanks
thanks that worked|that worked thanks|it works thanks|works thanks|got it|perfect|great|awesome|nice|cool|lovely|brilliant|amazing|good job|well done|nice one|all good|that works|it works
that helps|makes sense|much appreciated|appreciate it|no thanks|thats all|thats all thanks|bye|goodbye|good night|see you
danke|danke schön|danke sehr|vielen dank|besten dank|herzlichen dank|super danke|ok danke|okay danke|perfekt danke|alles klar|alles klar danke|perfekt|passt|passt danke|prima|klasse|tschüss
merci|merci beaucoup|merci bien|super merci|parfait|parfait merci|ok merci|génial|génial merci|top merci|c est parfait|ça marche|au revoir
gracias|muchas gracias|mil gracias|ok gracias|vale gracias|perfecto|perfecto gracias|genial|genial gracias|de acuerdo gracias|adiós
grazie|grazie mille|molte grazie|ok grazie|perfetto|perfetto grazie|ottimo|ottimo grazie
obrigado|obrigada|muito obrigado|muito obrigada|valeu|perfeito|ok obrigado|perfeito obrigado|ótimo
bedankt|dank je|dankjewel|dank je wel|hartelijk dank|top bedankt|perfect bedankt
dzięki|dziękuję|dziękuję bardzo|dzięki wielkie|super dzięki|ok dzięki|świetnie
спасибо|большое спасибо|спасибо большое|спс|ок спасибо|супер спасибо|отлично спасибо|отлично|понятно спасибо|понял спасибо|благодарю
дякую|щиро дякую|дуже дякую|дякую велике|клас дякую
teşekkürler|teşekkür ederim|çok teşekkürler|çok teşekkür ederim|sağ ol|sağol|eyvallah|süper teşekkürler
tack|tack så mycket|tusen tack|takk|tusen takk|mange tak|kiitos|kiitos paljon|děkuji|díky|moc děkuji|ďakujem|köszönöm|köszi|mulțumesc|mersi|ευχαριστώ|ευχαριστώ πολύ|хвала|благодаря
谢谢|谢谢你|谢谢您|多谢|非常感谢|感谢|太好了谢谢|好的谢谢|好的谢谢你|谢啦|谢了|辛苦了|明白了谢谢|懂了谢谢|搞定了谢谢|明白了|太棒了|謝謝|謝謝你|多謝|感謝
ありがとう|ありがとうございます|ありがとうございました|どうもありがとう|助かりました|助かった|了解です|了解しました|なるほど
고마워|고마워요|감사합니다|고맙습니다|감사해요|땡큐|넵 감사합니다|네 감사합니다
شكرا|شكرا جزيلا|شكرًا|شكراً|شكرا لك|متشکرم|ممنون|مرسی|تودا|תודה|תודה רבה|धन्यवाद|शुक्रिया|बहुत धन्यवाद|ধন্যবাদ|நன்றி
cảm ơn|cám ơn|cảm ơn bạn|cảm ơn nhiều|terima kasih|makasih|terima kasih banyak|ขอบคุณ|ขอบคุณครับ|ขอบคุณค่ะ|asante|asante sana|salamat
`)

// continuations are bare wishes that what was begun go on.
var continuations = phrases(`
go on|go ahead|continue|please continue|continue please|keep going|carry on|proceed|please proceed|resume|do it|do that|do so|just do it|please do|please do it|yes|yes please|yep|yeah|yup|sure|ok|okay|k|y|ok do it|okay do it|ok do that
yes do it|yes do that|yes go ahead|ok go ahead|sure go ahead|sounds good do it|sounds good|sounds good go ahead|looks good go ahead|looks good|lgtm|ok continue|yes continue|ok go|lets go|lets do it|lets do that|make it so|ship it|fix it|fix this|fix that|fix them|fix all|apply it|apply that|apply the changes|apply the fix|implement it|implement this|implement that|implement the plan
try again|try it again|again|retry|do it again|once more|one more time|redo it|next|next one|next step|next please|go|start|finish it|finish|and then|then what|the rest|rest|all of them|both|the first one|the second one|option 1|option 2|option a|option b|1|2|3|a|b|c
run it|run it again|run the tests|commit it|commit|push it|undo|undo that|revert|revert that|still not working|still failing|still broken|doesnt work|it doesnt work|that didnt work|didnt work|same error|still the same error|not working
ja|ja bitte|jawohl|weiter|mach weiter|weiter so|bitte weiter|mach das|mach es|ja mach das|ja mach|ok mach das|ok mach weiter|leg los|los|los gehts|nochmal|noch einmal|versuch es nochmal|setz es um|fortfahren|bitte fortfahren|geht nicht|funktioniert nicht|geht immer noch nicht
oui|oui vas y|vas y|continue|continuez|continue s il te plaît|fais le|fais ça|oui fais le|d accord|encore|réessaie|allez y|ça ne marche pas|oui s il te plaît
sí|si|sigue|continúa|continua|adelante|hazlo|sí hazlo|dale|vale|ok hazlo|sí por favor|otra vez|inténtalo de nuevo|de acuerdo|no funciona|sigue igual
sì|vai|vai avanti|continua|procedi|fallo|sì fallo|ok procedi|ancora|riprova|non funziona
sim|continue|continua|prossiga|faça|faça isso|pode fazer|pode continuar|vai|vai em frente|de novo|tente novamente|não funciona
ja graag|ga door|ga verder|doe maar|doe het|ja doe maar|nog een keer|opnieuw|werkt niet
tak|kontynuuj|dalej|zrób to|tak zrób to|jeszcze raz|spróbuj ponownie|nie działa
да|продолжай|продолжайте|дальше|давай|сделай|сделай это|да сделай|да давай|ок давай|ещё раз|еще раз|попробуй ещё раз|не работает|ок|хорошо|поехали
так|продовжуй|далі|зроби це|давай далі|ще раз
evet|devam|devam et|yap|evet yap|tamam|tamam yap|tekrar dene|bir daha|çalışmıyor
fortsätt|gör det|ja tack|fortsæt|gør det|fortsett|gjør det|jatka|pokračuj|udělej to|ano|áno|folytasd|igen|csináld|continuă|da|συνέχισε|ναι|προχώρα
继续|请继续|接着|接着说|继续写|继续吧|下一步|好|好的|好的继续|可以|可以的|行|嗯|是|是的|对|就这样做|做吧|开始吧|开始|改吧|再来|再来一次|再试一次|再来一个|还是不行|不行|同上|繼續|請繼續|好的請繼續|可以開始|再試一次
続けて|続けてください|続き|続きを|続きをお願いします|はい|はいお願いします|お願いします|やって|やってください|それでお願いします|次|次へ|もう一度|もう一回|ok お願いします|進めて|進めてください
계속|계속해|계속해줘|계속해 주세요|응|네|네 해줘|그래|해줘|그렇게 해줘|진행해|진행해줘|진행해 주세요|다시|다시 해줘|다음
استمر|أكمل|تابع|نعم|نعم من فضلك|افعلها|ادامه بده|بله|המשך|תמשיך|כן|जारी रखो|जारी रखें|हाँ|हां|आगे बढ़ो|कर दो|চালিয়ে যাও|হ্যাঁ
tiếp tục|tiếp đi|làm đi|được|vâng|có|làm lại|lanjut|lanjutkan|ya|ya lanjut|iya|kerjakan|coba lagi|ทำต่อ|ต่อ|ต่อเลย|ใช่|ครับ|ค่ะ|endelea|ndiyo|oo|sige
`)

// switches begin a wish to have the same thing in another language, form or tone.
var switches = list(`
now in|and in|same in|same but in|the same in|do it in|now as|now with|now for|now do|same for|do the same for|the same for|and for|now make it|make it|now using|what about in|how about in
und in|jetzt in|und auf|jetzt auf|das gleiche in|dasselbe in|dasselbe für|das gleiche für|und für|jetzt mit|nochmal auf
et en|maintenant en|la même chose en|pareil en|et pour|pareil pour|ahora en|y en|lo mismo en|lo mismo para|y para|ora in|e in|adesso in|lo stesso in|agora em|e em|o mesmo em|nu in|en in|teraz w|a teraz po|теперь на|а на|то же на|тепер на|şimdi
现在用|改成|换成|改用|那用|翻译成|用|次は|今度は|이번엔|이제
`)

// followUp says whether a text is a bare continuation or a bare acknowledgement.
func followUp(text string) (continuation, thanking bool) {
	if len(text) == 0 || len(text) > followUpBytes || strings.IndexByte(text, '\n') >= 0 {
		return false, false
	}
	var room [2 * followUpBytes]byte
	plain := appendPlain(room[:0], text)
	if continuations[string(plain)] { // first: where a word means both, to go on is the safer reading
		return true, false
	}
	if thanks[string(plain)] {
		return false, true
	}
	return isSwitch(view(plain)), false
}

// isSwitch says whether a text is one of switches and a few words.
func isSwitch(plain string) bool {
	for _, s := range switches {
		rest, ok := strings.CutPrefix(plain, s)
		if !ok || rest == "" {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(s)
		if unicode.In(last, unicode.Han, unicode.Hiragana, unicode.Hangul) { // no spaces between words there
			if utf8.RuneCountInString(rest) <= 2*switchWords {
				return true
			}
			continue
		}
		if rest[0] == ' ' && strings.Count(rest, " ") <= switchWords {
			return true
		}
	}
	return false
}

// appendPlain appends a text in lower case, punctuation and symbols gone, spaces single. An apostrophe within a word goes
// without a space (that's, thats) or, in French, with one (d'accord), so both are written as in the lists: gone after
// more than one letter.
func appendPlain(dst []byte, text string) []byte {
	space := false
	letters := 0
	for _, r := range text {
		switch {
		case r == '\'' || r == '’':
			space = space || letters < 2
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if space && len(dst) > 0 {
				dst = append(dst, ' ')
				letters = 0
			}
			space = false
			letters++
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		case r == '+' || r == '#': // C++, C#
			dst = utf8.AppendRune(dst, r)
		default:
			space = true
		}
	}
	return dst
}

func list(lines string) (all []string) {
	for line := range strings.Lines(lines) {
		for phrase := range strings.SplitSeq(strings.TrimSpace(line), "|") {
			if phrase != "" {
				all = append(all, phrase)
			}
		}
	}
	return all
}

func phrases(lines string) map[string]bool { return set(list(lines)...) }
