# what the browser made
curl 'https://shop.example.com/api/items?page=1&api_key=s3cr3t' \
  -H 'accept: application/json' \
  -H 'authorization: Bearer abc.def.ghi' \
  -b 'sid=123abc; theme=dark' --compressed
curl -sSL -u me:hunter2 --http2 -X PUT https://shop.example.com/api/items/1 -H "Content-Type: application/json" \
  --data-raw $'{"name":"it\'s","tags":["a","b"],"password":"hunter2","n":1.50,"tpl":"{{x}} ${HOME} $$"}' | jq .
curl https://shop.example.com/login -d user=me -d password=hunter2 --data-urlencode 'next=/a b' --retry 3 && curl -I https://shop.example.com
curl -k --cacert ca.pem -m 2.5 --connect-timeout 1 -x http://bob:builder@proxy.example -F 'pic=@testdata/item.json;type=image/png' -F title=mine https://shop.example.com/pic
curl https://shop.example.com/raw --data-binary @testdata/item.json -H 'Content-Type: text/plain' --next -G -d q=1 -d 'r=a b' https://other.example.com/search
curl --json '{"a":1}' https://shop.example.com/x --resolve shop.example.com:443:127.0.0.1 --unix-socket /run/s.sock -A 'me/1' -e https://shop.example.com/?token=zzz
